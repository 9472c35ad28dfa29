from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from visitors.domain.node import BadPlace, Node, plain
from visitors.errors import InvalidData, NotFound
from visitors.input import documents, nodes
from visitors.input.documents import parse_document, read_document
from visitors.output.yaml_text import yaml_lines


def parsed(text: str, *, is_json: bool = False) -> Any:
    return plain(parse_document(text, "f", is_json=is_json))


@pytest.mark.parametrize(
    "word",
    ["no", "yes", "on", "off", "y", "N", "0123", "0o17", "0x1F", "1_000", "12:30", "2026-01-01", "+5", ".5", "5.",
     ".inf", "=", "1.2.3", "2026-01-01T00:00:00Z", "nUll", "tRue"],
)  # fmt: skip
def test_what_yaml_1_1_takes_for_something_else_is_text(word: str) -> None:
    assert parsed(f"a: {word}") == {"a": word}


@pytest.mark.parametrize(
    ("word", "value"),
    [("5", 5), ("-1", -1), ("1.5", 1.5), ("1e3", 1000.0), ("0", 0), ("true", True), ("False", False), ("~", None),
     ("null", None), ("", None)],
)  # fmt: skip
def test_numbers_are_those_of_json_and_constants_what_they_say(word: str, value: object) -> None:
    found = parsed(f"a: {word}")["a"]
    assert (found, type(found)) == (value, type(value))


def test_quotes_make_text_of_anything() -> None:
    assert parsed("""{a: "5", b: 'true', c: "~", d: ''}""") == {"a": "5", "b": "true", "c": "~", "d": ""}


def test_keys_are_text() -> None:
    assert parsed("{1: a, true: b, ~: c, 2026-01-01: d}") == {"1": "a", "true": "b", "~": "c", "2026-01-01": "d"}


def test_a_value_without_quotes_is_kept_as_it_was_written() -> None:
    node = parse_document("a: 10.10", "f").value
    assert isinstance(node, dict)
    assert (node["a"].value, node["a"].text) == (10.1, "10.10")


def test_every_value_knows_its_place() -> None:
    for text, is_json in (('a:\n  - "b"\n  - {c: d}\n', False), ('{"a":\n[ "b",\n    {"c": "d"}]}', True)):
        root = parse_document(text, "f", is_json=is_json)
        assert isinstance(root.value, dict)
        items = root.value["a"].value
        assert isinstance(items, list)
        inner = items[1]
        assert isinstance(inner, Node)
        assert isinstance(inner.value, dict)
        lines = text.split("\n")
        place = inner.value["c"].place
        assert lines[place.line - 1][place.column - 1 :].lstrip('"').startswith("d")
        key_place = inner.value["c"].key_place
        assert lines[key_place.line - 1][key_place.column - 1 :].lstrip('"').startswith("c")


REFUSED = {
    "alias": ("a: &x [1]\nb: *x", 2, 4, "alias"),
    "alias-explosion": ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]", 2, 8, "alias"),
    "merge-key": ("a: &x {b: 1}\nc:\n  <<: *x", 3, 3, "alias"),
    "python-object": ("a: !!python/object/apply:os.system ['true']", 1, 4, "tag"),
    "python-name": ("a: !!python/name:os.system", 1, 4, "tag"),
    "own-tag": ("a: !mine x", 1, 4, "tag"),
    "standard-tag": ("a: !!str 5", 1, 4, "tag"),
    "tag-on-a-mapping": ("a: !!map {b: 1}", 1, 4, "tag"),
    "tag-on-a-key": ("!!str a: 1", 1, 1, "tag"),
    "tab": ("a:\n\tb: 1", 2, 1, "not_yaml"),
    "tab-behind-spaces": ("a:\n  b: 1\n  \tc: 1", 3, 3, "not_yaml"),
    "empty": ("", 1, 1, "empty_file"),
    "comments-only": ("# nothing\n", 1, 1, "empty_file"),
    "two-documents": ("a: 1\n---\nb: 2", 2, 1, "not_yaml"),
    "key-twice": ("a: 1\nb: 2\na: 3", 3, 1, "duplicate_key"),
    "key-twice-in-quotes": ('a: 1\n"a": 3', 2, 1, "duplicate_key"),
    "key-that-is-a-list": ("? [a]\n: 1", 1, 3, "invalid_key"),
    "unclosed": ("a: [1, 2", 1, 9, "not_yaml"),
    "control-character": ("a: x\x01", 1, 5, "not_yaml"),
    "deep": ("[" * 500, 1, 201, "too_deep"),
    "long-number": ("a: " + "9" * 5_000, 1, 4, "too_long"),
    "endless-number": ("a: 1e999", 1, 4, "too_long"),
}


def test_yaml_that_is_deeper_than_a_parser_goes_is_refused_as_too_deep() -> None:
    with pytest.raises(BadPlace) as caught:
        parse_document("[" * 100_000, "f.yaml")
    assert caught.value.code == "too_deep"


@pytest.mark.parametrize(("text", "line", "column", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_yaml_that_is_no_plain_data_is_refused_at_its_place(text: str, line: int, column: int, code: str) -> None:
    with pytest.raises(BadPlace) as caught:
        parse_document(text, "f.yaml")
    assert (caught.value.place.line, caught.value.place.column, caught.value.code) == (line, column, code)
    assert caught.value.message.startswith(f"f.yaml, line {line}, column {column}: ")


@pytest.mark.parametrize(
    ("text", "line", "code"), [(text, line, code) for text, line, _, code in REFUSED.values()], ids=REFUSED.keys()
)
def test_the_parser_in_python_refuses_the_same(
    monkeypatch: pytest.MonkeyPatch, text: str, line: int, code: str
) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    with pytest.raises(BadPlace) as caught:
        parse_document(text, "f.yaml")
    assert (caught.value.place.line, caught.value.code) == (line, code)


@pytest.mark.parametrize(("key", "kind"), [("[a]", "a list"), ("{a: b}", "a mapping")])
def test_a_key_that_is_no_text_is_refused_with_what_it_is(key: str, kind: str) -> None:
    with pytest.raises(BadPlace, match=f"a key must be text, not {kind}$"):
        parse_document(f"? {key}\n: 1", "f.yaml")


def test_a_mistake_that_the_parser_places_in_nothing_else_is_reported_without_it() -> None:
    with pytest.raises(BadPlace) as caught:
        parse_document("a: b: c", "f.yaml")
    assert "not YAML: mapping values are not allowed" in caught.value.message
    assert "None" not in caught.value.message


def test_a_tab_gets_the_advice_to_use_spaces() -> None:
    with pytest.raises(BadPlace, match="tab") as caught:
        parse_document("a:\n\tb: 1", "f.yaml")
    assert "spaces" in str(caught.value.hint)


REFUSED_JSON = {
    "trailing-comma": ('{"a": 1,}', 9), "comma-in-a-list": ("[1,]", 4), "no-colon": ('{"a" 1}', 6),
    "open": ('{"a": [', 8),
    "more": ("{} {}", 4), "bare-key": ("{a: 1}", 2), "single-quotes": ("{'a': 1}", 2), "nan": ("[NaN]", 2),
    "leading-zero": ("[01]", 2), "wrong-bracket": ("[}", 2), "raw-line-end": ('["a\n"]', 4), "escape": ('["\\x"]', 3),
    "colon-in-a-list": ('["a": 1]', 5), "two-values": ('["a" "b"]', 6), "comma-first": ("[,1]", 2),
    "empty": ("", 1),
    "key-twice": ('{"a": 1, "a": 2}', 10), "deep": ("[" * 100_000, 201),
    "number-key": ("{1: 2}", 2), "minus": ("[-]", 2),
}  # fmt: skip


@pytest.mark.parametrize(("text", "column"), REFUSED_JSON.values(), ids=REFUSED_JSON.keys())
def test_what_is_not_json_is_refused_at_its_place(text: str, column: int) -> None:
    with pytest.raises(BadPlace) as caught:
        parse_document(text, "f.json", is_json=True)
    assert (caught.value.place.line, caught.value.place.column) == (1, column)


def test_a_file_cannot_hold_more_than_the_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "NODE_LIMIT", 5)
    with pytest.raises(BadPlace, match="more than 5 values"):
        parse_document("[1, 2, 3, 4, 5]", "f")
    monkeypatch.setattr(documents, "SIZE_LIMIT", 1024 * 1024)
    bomb = tmp_path / "bomb.yaml.gz"
    bomb.write_bytes(gzip.compress(b"# nothing\n" * 200_000))
    assert bomb.stat().st_size < 10_000
    with pytest.raises(InvalidData, match="larger than 1 MiB"):
        read_document(str(bomb))


def test_the_extension_distinguishes_json_and_yaml(tmp_path: Path) -> None:
    for name in ("f.json", "f.JSON", "f.yaml", "f"):
        (tmp_path / name).write_text('["\\ud83d\\ude00"]')  # an escape that YAML does not have
    for name in ("f.json", "f.JSON"):
        assert plain(read_document(str(tmp_path / name))) == ["\U0001f600"]
    with pytest.raises(BadPlace, match="not YAML"):
        read_document(str(tmp_path / "f.yaml"))


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_document(str(tmp_path / "none.yaml"))
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: \xe9\n")
    with pytest.raises(InvalidData, match="line 2: not UTF-8"):
        read_document(str(tmp_path / "latin.yaml"))


TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    | st.sampled_from("aé\"',;\t\n\r\\|{}[]:=+-@ #&*!%>?`~.0e\u2028\u0085\u202e\x1b\x7f\U0001f600\ufeff\ufffe")
) | st.sampled_from(
    ["no", "y", "null", "~", "1", "1.5", "0x1F", "1e5", "2026-01-01", "<<", "- a", "a: b", "a #b", "---"]
)
VALUE = st.recursive(
    TEXT | st.booleans() | st.none() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@example(value={"k" * 130: [], "l" * 130: {}, "m": {"n" * 130: []}})
@given(value=st.dictionaries(TEXT, VALUE, min_size=1, max_size=4))
def test_what_is_written_as_yaml_reads_the_same(value: dict[str, Any]) -> None:
    text = "".join(yaml_lines(value))
    assert json.dumps(parsed(text)) == json.dumps(value)
    assert json.dumps(yaml.safe_load(text)) == json.dumps(value), "other tools read it otherwise"


@given(value=VALUE)
def test_json_reads_as_python_reads_it(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert json.dumps(parsed(text, is_json=True)) == json.dumps(json.loads(text))


@given(text=st.text(st.sampled_from('{}[]:,"\\u0d8eE+-.019tnrfalsux \n\t'), max_size=14))
def test_json_is_refused_where_python_refuses_it(text: str) -> None:
    def twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError
        return dict(pairs)

    def refuse(_: str) -> None:
        raise ValueError

    try:
        expected = [json.loads(text, object_pairs_hook=twice, parse_constant=refuse)]
    except ValueError:
        expected = []
    try:
        found = [parsed(text, is_json=True)]
    except BadPlace:
        found = []
    assert found == expected or "Infinity" in repr(expected) or "inf" in repr(expected)


@pytest.mark.parametrize(
    ("content", "said"),
    [("version: 1\n".encode("utf-16"), "is UTF-16"), (b"PK\x03\x04" + bytes(100), "is a zip archive")],
)
def test_a_file_of_another_kind_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "f.yaml").write_bytes(content)
    with pytest.raises(InvalidData, match=said):
        read_document(str(tmp_path / "f.yaml"))
