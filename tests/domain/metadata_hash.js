// Prints the table that tests/domain/metadata_hash.json keeps: metadata as JSON, the text that is hashed, the hash.
// Run it as `node tests/domain/metadata_hash.js > tests/domain/metadata_hash.json`. It reads nothing, and the same
// table comes out every time.
"use strict";

const { createHash } = require("node:crypto");

const rebuild = (metadata) =>
  Object.keys(metadata)
    .sort()
    .reduce((rebuilt, key) => {
      rebuilt[key] = metadata[key];
      return rebuilt;
    }, {});

const hash = (metadata) =>
  Object.keys(metadata).length === 0
    ? ""
    : createHash("sha256").update(JSON.stringify(rebuild(metadata))).digest("hex").slice(0, 8);

// Cases are JSON texts, not literals: only a parsed object can own a key such as __proto__.
const spelled = [
  '{}',
  '{"plan":"pro"}',
  '{"b":1,"a":2}',
  '{"a":2,"b":1}',
  '{"a":1,"a":2,"b":3}',
  '{"B":1,"a":2,"A":3,"b":4,"_":5,"-":6,"~":7}',
  '{"aa":1,"a":2,"ab":3,"":4}',
  '{"":"empty key"}',
  '{" ":1,"\\t":2}',
  // What order nested keys are in is the writer's: only the outermost object is sorted.
  '{"z":{"b":1,"a":2},"a":{"d":3,"c":4}}',
  '{"a":{"2":1,"b":2,"1":3,"10":4,"01":5}}',
  '{"a":{"__proto__":1,"b":2}}',
  '{"a":[3,1,2],"b":[],"c":[[1],[{"y":1,"x":2}]]}',
  '{"a":{}}',
  // Integer-like keys come out first, in numeric order, up to the largest array index.
  '{"b":1,"10":2,"9":3,"a":4}',
  '{"4294967294":1,"4294967295":2,"4294967296":3,"4294967293":4,"a":5}',
  '{"0":1,"00":2,"01":3,"1":4,"-1":5,"-0":6,"1.0":7,"1e3":8,"+1":9}',
  '{"100":1,"20":2,"3":3}',
  '{"99999999999":1,"9999999999":2,"1000000000":3,"10":4}',
  '{"\\u0661":1,"1":2,"\\uff11":3}',
  // Numbers.
  '{"a":1.0,"b":1,"c":1e0,"d":10E-1,"e":1.50}',
  '{"a":1e21}',
  '{"a":1e20,"b":999999999999999999999,"c":1000000000000000000000}',
  '{"a":1e-7,"b":0.000001,"c":0.0000001,"d":1.5e-7,"e":0.00000123}',
  '{"a":123456789012345680000}',
  '{"a":5e-324}',
  '{"a":1.7976931348623157e308}',
  '{"a":2.2250738585072014e-308,"b":2.225073858507201e-308}',
  '{"a":-0,"b":-0.0,"c":0,"d":0.0,"e":-0e10,"f":1e-400}',
  '{"a":9007199254740991,"b":9007199254740992,"c":9007199254740993,"d":9007199254740994,"e":9007199254740995}',
  '{"a":-9007199254740991,"b":-9007199254740992,"c":-9007199254740993}',
  '{"a":9223372036854775807,"b":-9223372036854775808,"c":18446744073709551615}',
  '{"a":1234567890123456789012345678901234567890}',
  '{"a":0.1,"b":0.2,"c":0.30000000000000004,"d":100.25,"e":-3.75}',
  '{"a":1e400,"b":-1e400}',
  // Other values.
  '{"a":true,"b":false,"c":null}',
  '{"a":"true","b":"null","c":"1","d":""}',
  '{"a":null}',
  // Keys and values beyond ASCII. U+FF5E comes before U+1F600 by code point, after it by UTF-16 code unit.
  '{"\\uff5e":1,"\\ud83d\\ude00":2}',
  '{"\\ud83d\\ude00":1,"\\uff5e":2,"\\ue000":3,"\\ud7ff":4,"z":5}',
  '{"\\ud83d\\ude00":"\\ud83d\\udc4b\\ud83c\\udffd","\\ud83d\\udc69\\u200d\\ud83d\\udcbb":"\\u2764\\ufe0f"}',
  '{"\\u00e9":1,"e\\u0301":2,"e":3}',
  '{"\\u0130":1,"\\u0131":2,"i":3,"I":4}',
  '{"a":"\\u2028","b":"\\u2029","\\u2028":1}',
  '{"a":"\\u0000\\u0001\\u0007\\u0008\\u0009\\u000a\\u000b\\u000c\\u000d\\u001b\\u001f\\u0020"}',
  '{"\\u0001":1,"\\n":2,"\\u001f":3}',
  '{"a":"\\u007f\\u0080\\u009f\\u00a0\\u00ad"}',
  '{"a":"\\"","b":"\'","c":"\\\\","d":"\\/","e":"\\\\u0041","\\"":1,"\\\\":2}',
  '{"a":"\\ufeff\\ufffe\\uffff\\ufffd"}',
  '{"a":"\\u202e\\u200b\\u2066"}',
  '{"a":"<script>&amp;</script>"}',
  // Names that JavaScript's objects know already.
  '{"__proto__":1}',
  '{"__proto__":null}',
  '{"__proto__":"text","a":1}',
  '{"a":1,"__proto__":null,"z":2}',
  '{"__proto__":{"inherited":1},"a":2}',
  '{"__proto__":[1,2],"a":2,"length":3}',
  '{"__PROTO__":1,"__proto":2,"_":3}',
  '{"constructor":1}',
  '{"constructor":"a","toString":"b","valueOf":"c","hasOwnProperty":"d","toJSON":"e","length":1,"prototype":null}',
  '{"__defineGetter__":1,"__lookupSetter__":2}',
];

const keyed = (texts) => `{${texts.map((text, index) => `"n${index}":${text}`).join(",")}}`;

const powers = [];
for (let exponent = -324; exponent <= 308; exponent += 1) {
  powers.push(`1e${exponent}`);
  if (exponent % 7 === 0) powers.push(`-1.2345e${exponent}`);
}

const integers = [];
for (let bits = 1n; bits <= 70n; bits += 1n) {
  for (const offset of [-1n, 0n, 1n]) integers.push(String(2n ** bits + offset), String(-(3n ** bits) + offset));
}

// Random bit patterns, so that every exponent comes up; the generator is the one of Knuth's MMIX.
const patterns = [];
const plain = [];
let state = 20260301n;
const next = () => {
  state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
  return state;
};
while (patterns.length < 400) {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, next() ^ (next() >> 32n));
  const number = view.getFloat64(0);
  if (Number.isFinite(number)) patterns.push(number.toExponential(16));
}
while (plain.length < 300) {
  const digits = String(next() >> 20n);
  const point = Number(next() >> 60n);
  plain.push(`${digits.slice(0, point) || "0"}.${digits.slice(point) || "0"}`.replace(/^0+(?=\d)/, ""));
}

const cases = [...spelled, keyed(powers), keyed(integers), keyed(patterns), keyed(plain)];

const escape = (text) =>
  text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

const rows = cases.map((json) => {
  const metadata = JSON.parse(json);
  const text = JSON.stringify(rebuild(metadata));
  return escape(JSON.stringify({ json, text, hash: hash(metadata) }));
});

process.stdout.write(`[\n${rows.join(",\n")}\n]\n`);
