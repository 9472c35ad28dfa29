"""Metadata: a flat object of scalars, from JSON or from the command line."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visitors.domain.metadata import (
    KEY_LIMIT,
    SIZE_LIMIT,
    Scalar,
    decode_value,
    encode,
    parse_assignments,
    parse_metadata,
)
from visitors.errors import InvalidData

always = settings(deadline=None)
keys = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20).filter(
    lambda key: key == key.strip()
)
scalars: st.SearchStrategy[Scalar] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
)


def refusal(value: object) -> InvalidData:
    with pytest.raises(InvalidData) as refused:
        parse_metadata(value)
    assert refused.value.field == "metadata"
    return refused.value


# parse_metadata


def test_strings_numbers_booleans_and_null_are_kept_with_their_types() -> None:
    given_ = {"plan": "pro", "seats": 5, "share": 0.5, "whole": 1.0, "active": True, "gone": None}

    kept = parse_metadata(given_)

    assert kept == given_
    assert [type(value) for value in kept.values()] == [str, int, float, float, bool, type(None)]


def test_the_order_of_the_keys_is_kept() -> None:
    assert list(parse_metadata({"b": 1, "10": 2, "a": 3, "9": 4})) == ["b", "10", "a", "9"]


def test_metadata_is_a_copy() -> None:
    given_ = {"plan": "pro"}

    kept = parse_metadata(given_)
    given_["plan"] = "free"

    assert kept == {"plan": "pro"}


@pytest.mark.parametrize("value", [None, [], [("a", 1)], "a=1", 5, True, {"a"}])
def test_anything_but_an_object_is_refused(value: object) -> None:
    refused = refusal(value)

    assert refused.code == "invalid_metadata"
    assert refused.message == "metadata is not an object"


@pytest.mark.parametrize("value", [[], [1], {}, {"b": 1}, (1,)])
def test_a_nested_value_is_refused_by_its_key(value: object) -> None:
    refused = refusal({"ok": 1, "deep": value})

    assert refused.code == "invalid_metadata"
    assert "'deep'" in refused.message
    assert "nested" in refused.message


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(value: float) -> None:
    assert "not a finite number" in refusal({"a": value}).message


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**39, -(10**39), 10**4000])
def test_an_integer_beyond_64_bits_is_refused(value: int) -> None:
    assert "64-bit" in refusal({"a": value}).message


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63)])
def test_an_integer_of_64_bits_is_kept(value: int) -> None:
    assert parse_metadata({"a": value}) == {"a": value}


@pytest.mark.parametrize("value", [" b \n", "", "  ", "e\u0301", "\ufeffx\u200b"])
def test_string_values_stay_as_they_are_so_that_their_hash_is_the_api_s(value: str) -> None:
    assert parse_metadata({"a": value}) == {"a": value}


@pytest.mark.parametrize("value", ["a\0b", "\0", "\ud800", "a\udfffb"])
def test_a_string_value_that_cannot_be_stored_is_refused(value: str) -> None:
    assert refusal_of_text({"a": value}).code == "invalid_text"


@pytest.mark.parametrize("key", ["a\0b", "a\ud800"])
def test_a_key_that_cannot_be_stored_is_refused(key: str) -> None:
    assert refusal_of_text({key: 1}).code == "invalid_text"


def refusal_of_text(value: object) -> InvalidData:
    with pytest.raises(InvalidData) as refused:
        parse_metadata(value)
    return refused.value


@pytest.mark.parametrize("key", ["", " ", "\t"])
def test_an_empty_key_is_refused(key: str) -> None:
    assert refusal_of_text({key: 1}).code == "empty"


@pytest.mark.parametrize("key", [" a", "a ", "a\n", "\u00a0a"])
def test_a_key_with_white_space_around_it_is_refused(key: str) -> None:
    refused = refusal({key: 1})

    assert refused.code == "invalid_metadata"
    assert "white space" in refused.message


def test_a_key_may_have_100_characters() -> None:
    key = "k" * KEY_LIMIT

    assert parse_metadata({key: 1}) == {key: 1}
    assert refusal_of_text({key + "k": 1}).code == "too_long"


@pytest.mark.parametrize("key", ["a b", "a.b", "a=b", "__proto__", "é", "😀", "-", "0", "plan!", '"'])
def test_a_key_may_hold_any_other_character(key: str) -> None:
    assert parse_metadata({key: 1}) == {key: 1}


def test_metadata_may_take_16_kib_as_json_and_not_one_byte_more() -> None:
    room = SIZE_LIMIT - len('{"a":""}')

    assert len(encode(parse_metadata({"a": "x" * room}))) == SIZE_LIMIT
    assert refusal({"a": "x" * (room + 1)}).code == "metadata_too_large"
    assert refusal({f"key{number}": "x" * 50 for number in range(1_000)}).code == "metadata_too_large"


def test_the_limit_of_metadata_counts_bytes_and_not_characters() -> None:
    assert refusal({"a": "😀" * 5_000}).code == "metadata_too_large"


@always
@given(st.dictionaries(keys, scalars, max_size=8))
def test_parsing_metadata_again_changes_nothing(value: dict[str, Scalar]) -> None:
    once = parse_metadata(value)

    assert parse_metadata(once) == once
    assert list(once) == list(value)


@always
@given(
    st.dictionaries(
        st.text(st.characters(), max_size=3) | st.integers(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
            lambda children: (
                st.lists(children, max_size=2) | st.dictionaries(st.text(max_size=2), children, max_size=2)
            ),
            max_leaves=4,
        ),
        max_size=3,
    )
)
def test_any_object_is_flat_finite_metadata_or_invalid_data(value: dict[object, object]) -> None:
    try:
        kept = parse_metadata(value)
    except InvalidData:
        return
    assert all(item is None or isinstance(item, str | int | float) for item in kept.values())
    assert json.loads(encode(kept)) == kept


# parse_assignments


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("plan=pro", {"plan": "pro"}),
        ("plan=", {"plan": ""}),
        ("seats=5", {"seats": "5"}),
        ("active=true", {"active": "true"}),
        ("query=a=b", {"query": "a=b"}),
        ("query==", {"query": "="}),
        (" plan = pro ", {"plan": " pro "}),
        ("a:b=c", {"a:b": "c"}),
        ("a!=b", {"a!": "b"}),
    ],
)
def test_an_equals_sign_sets_a_string(assignment: str, expected: dict[str, Scalar]) -> None:
    assert parse_assignments([assignment]) == expected


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("k:=5", 5),
        ("k:=-1.5", -1.5),
        ("k:=1.0", 1.0),
        ("k:=true", True),
        ("k:=false", False),
        ("k:=null", None),
        ('k:="a=b"', "a=b"),
        ("k := 5", 5),
        ("k:=9223372036854775807", 2**63 - 1),
    ],
)
def test_a_colon_and_an_equals_sign_set_a_json_value(assignment: str, value: Scalar) -> None:
    (kept,) = parse_assignments([assignment]).values()

    assert kept == value
    assert type(kept) is type(value)


@pytest.mark.parametrize("assignment", ["", "plan", "=pro", " =pro", ":=5", " :=5", "=", ":="])
def test_an_assignment_without_key_or_sign_is_refused(assignment: str) -> None:
    with pytest.raises(InvalidData) as refused:
        parse_assignments([assignment])

    assert refused.value.code == "invalid_metadata"
    assert "KEY=VALUE" in refused.value.message


@pytest.mark.parametrize(
    "assignment", ["k:=", "k:=pro", "k:=NaN", "k:=Infinity", "k:=1e400", "k:=01", "k:='a'", "k:=1 2"]
)
def test_a_typed_assignment_that_is_not_json_is_refused(assignment: str) -> None:
    with pytest.raises(InvalidData) as refused:
        parse_assignments([assignment])

    assert refused.value.code == "invalid_json"


@pytest.mark.parametrize("assignment", ["k:=[]", 'k:={"a":1}', "k:=" + "1" * 40])
def test_a_typed_assignment_obeys_the_rules_of_metadata(assignment: str) -> None:
    with pytest.raises(InvalidData) as refused:
        parse_assignments([assignment])

    assert refused.value.code == "invalid_metadata"


@pytest.mark.parametrize("second", ["plan=free", "plan:=5", " plan =free", "plan=pro"])
def test_a_key_that_comes_twice_is_refused(second: str) -> None:
    with pytest.raises(InvalidData) as refused:
        parse_assignments(["plan=pro", second])

    assert "more than once" in refused.value.message


def test_assignments_keep_their_order() -> None:
    assert list(parse_assignments(["b=1", "a:=2", "c=3"])) == ["b", "a", "c"]
    assert parse_assignments([]) == {}


@always
@given(st.dictionaries(keys.filter(lambda key: "=" not in key), scalars, max_size=5))
def test_any_metadata_can_be_given_as_typed_assignments(value: dict[str, Scalar]) -> None:
    assignments = [f"{key}:={encode({'v': item})[5:-1]}" for key, item in value.items()]

    assert parse_assignments(assignments) == parse_metadata(value)


@always
@given(st.lists(st.text(st.characters()) | st.from_regex(r"[a-z:]{0,3}:?=.*"), max_size=3))
def test_any_assignments_are_taken_or_refused_as_invalid_data(assignments: list[str]) -> None:
    try:
        kept = parse_assignments(assignments)
    except InvalidData:
        return
    assert len(kept) == len(assignments)


# decode_value and encode


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
    ],
    ids=["open arrays", "arrays", "open objects", "objects"],
)
def test_json_nested_100_000_deep_is_invalid_data(text: str) -> None:
    with pytest.raises(InvalidData) as refused:
        decode_value(text, "attribution")

    assert refused.value.code == "invalid_json"
    assert refused.value.field == "attribution"
    assert "too deeply" in refused.value.message
    assert len(refused.value.message) < 100


@pytest.mark.parametrize(
    "text", ["", " ", "{", "nul", "NaN", "{} {}", "1e400", "\ud800", '"\\ud800"', "9" * 5_000, "\ufeff1"]
)
def test_what_is_not_json_is_invalid_data(text: str) -> None:
    with pytest.raises(InvalidData) as refused:
        decode_value(text, "attribution")

    assert refused.value.code == "invalid_json"


@always
@given(st.text(st.characters()))
def test_any_text_is_json_or_invalid_data(text: str) -> None:
    try:
        value = decode_value(text, "f")
    except InvalidData:
        return
    assert json.loads(text) == value


def test_encode_prints_compact_json_in_the_order_of_the_keys() -> None:
    assert encode({"b": 1, "a": [1.0, None, True], "é": "\n"}) == '{"b":1,"a":[1.0,null,true],"é":"\\n"}'


@always
@given(st.dictionaries(keys, scalars, max_size=8))
def test_what_encode_prints_decodes_to_the_same(value: dict[str, Scalar]) -> None:
    decoded = decode_value(encode(value), "metadata")

    assert decoded == value
    assert list(decoded) == list(value)
    assert [type(item) for item in decoded.values()] == [type(item) for item in value.values()]
