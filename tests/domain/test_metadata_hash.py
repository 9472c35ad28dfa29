"""The metadata hash: JavaScript's result, checked against a stored table and against JavaScript itself."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visitors.domain.metadata import Scalar, javascript_json, metadata_hash

SCRIPT = Path(__file__).with_name("metadata_hash.js")
KEPT = SCRIPT.with_suffix(".json")
CASES: list[dict[str, str]] = json.loads(KEPT.read_text(encoding="utf-8"))

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")

# In: one JSON text a line. Out: a line with the printed object, and a line with the printed sorted object.
PRINTER = r"""
const lines = require("node:fs").readFileSync(0, "utf8").split("\n").slice(0, -1);
for (const line of lines) {
  const parsed = JSON.parse(line);
  const sorted = {};
  for (const key of Object.keys(parsed).sort()) sorted[key] = parsed[key];
  process.stdout.write(JSON.stringify([JSON.stringify(parsed), JSON.stringify(sorted)]) + "\n");
}
"""

always = settings(deadline=None)
keys = (
    st.text(max_size=8)
    | st.integers(0, 2**33).map(str)
    | st.integers(2**32 - 4, 2**32 + 4).map(str)
    | st.sampled_from(
        ["__proto__", "constructor", "toString", "length", "", "00", "01", "-1", "1.0", "\uff5e", "\U0001f600"]
    )
)
scalars: st.SearchStrategy[Scalar] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.integers(-100, 100)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
)
objects = st.dictionaries(keys, scalars, max_size=6)


def node(*arguments: str, given_: str = "") -> str:
    assert NODE is not None
    done = subprocess.run(
        [NODE, *arguments], input=given_, capture_output=True, check=True, encoding="utf-8", timeout=60
    )
    return done.stdout


@pytest.mark.parametrize("case", CASES, ids=[case["json"][:40] for case in CASES])
def test_the_hash_is_the_one_that_javascript_computes(case: dict[str, str]) -> None:
    assert metadata_hash(json.loads(case["json"])) == case["hash"]


@pytest.mark.parametrize("case", CASES, ids=[case["json"][:40] for case in CASES])
def test_the_kept_hash_is_that_of_the_kept_text(case: dict[str, str]) -> None:
    digest = hashlib.sha256(case["text"].encode()).hexdigest()[:8]

    assert case["hash"] == ("" if case["json"] == "{}" else digest)


@needs_node
def test_the_kept_table_is_what_the_script_prints() -> None:
    assert node(str(SCRIPT)) == KEPT.read_text(encoding="utf-8")


def test_empty_metadata_has_no_hash() -> None:
    assert metadata_hash({}) == ""


def test_metadata_of_nothing_but_proto_hashes_an_empty_object() -> None:
    assert metadata_hash({"__proto__": 1}) == hashlib.sha256(b"{}").hexdigest()[:8]


def test_a_whole_number_hashes_the_same_as_integer_and_as_float() -> None:
    assert (
        metadata_hash({"seats": 1}) == metadata_hash({"seats": 1.0}) == hashlib.sha256(b'{"seats":1}').hexdigest()[:8]
    )
    assert metadata_hash({"seats": 0}) == metadata_hash({"seats": -0.0})


def test_a_string_and_a_number_hash_differently() -> None:
    assert metadata_hash({"seats": "1"}) != metadata_hash({"seats": 1})


def test_keys_are_sorted_by_utf_16_code_units() -> None:
    text = '{"\U0001f600":2,"\uff5e":1}'

    assert metadata_hash({"\uff5e": 1, "\U0001f600": 2}) == hashlib.sha256(text.encode()).hexdigest()[:8]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (100.0, "100"),
        (0.1, "0.1"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-7, "1.5e-7"),
        (1e16, "10000000000000000"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e21, "1.5e+21"),
        (123456789012345680000, "123456789012345680000"),
        (2**53, "9007199254740992"),
        (2**53 + 1, "9007199254740992"),
        (-(2**53) - 3, "-9007199254740996"),
        (2**63 - 1, "9223372036854776000"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (float("nan"), "null"),
        (float("inf"), "null"),
    ],
)
def test_numbers_print_as_in_javascript(number: float, text: str) -> None:
    assert javascript_json(number) == text


def test_only_the_values_of_json_can_be_printed() -> None:
    with pytest.raises(TypeError):
        javascript_json({"a": {1, 2}})


@always
@given(objects, st.randoms(use_true_random=False))
def test_the_hash_does_not_depend_on_the_order_of_the_keys(metadata: dict[str, Scalar], random: Any) -> None:
    shuffled = list(metadata.items())
    random.shuffle(shuffled)

    assert metadata_hash(dict(shuffled)) == metadata_hash(metadata)


@always
@given(objects.map(lambda metadata: {key: value for key, value in metadata.items() if key != "__proto__"}))
def test_what_is_printed_is_json_with_the_same_members(metadata: dict[str, Scalar]) -> None:
    printed = json.loads(javascript_json(metadata))

    assert printed.keys() == metadata.keys()
    for key, value in metadata.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        assert (float(printed[key]) if is_number else printed[key]) == (float(value) if is_number else value)  # type: ignore[arg-type]


@needs_node
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(objects, min_size=15, max_size=40))
def test_javascript_itself_prints_and_hashes_the_same(batch: list[dict[str, Scalar]]) -> None:
    lines = node("-e", PRINTER, given_="".join(json.dumps(metadata) + "\n" for metadata in batch))

    for metadata, line in zip(batch, lines.split("\n")[:-1], strict=True):
        printed, rebuilt = json.loads(line)
        assert javascript_json(metadata) == printed
        assert metadata_hash(metadata) == (hashlib.sha256(rebuilt.encode()).hexdigest()[:8] if metadata else "")
