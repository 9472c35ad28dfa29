"""Browser data and documents: normalising what a browser reports."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visitors.domain.documents import DEPTH_LIMIT, DOCUMENT_LIMIT, document
from visitors.domain.fields import BROWSER_DATA
from visitors.domain.visitor import browser_data
from visitors.errors import InvalidData, UsageProblem

always = settings(deadline=None)
GIVEN = {
    "language": " en-gb ",
    "timezone": "Europe/London",
    "fingerprint": " fp-1 ",
    "browser": "Firefox",
    "browserVersion": "128.0",
    "os": "Linux",
    "osVersion": "6.1",
    "device": "ThinkPad",
    "deviceType": "DESKTOP",
    "ip": "2001:DB8:0:0:0:0:0:7",
    "city": " Köln ",
    "region": "NRW",
    "country": "Germany",
    "countryCode": "de",
    "latitude": "50.94",
    "longitude": 7,
    "screenResolution": "1920 X 1080",
    "viewport": "1280x720",
    "attribution": {"utm": {"source": "mail"}},
    "currentPage": '{"url": "https://example.com/"}',
}
KEPT = {
    "language": "en-GB",
    "timezone": "Europe/London",
    "fingerprint": "fp-1",
    "browser": "Firefox",
    "browserVersion": "128.0",
    "os": "Linux",
    "osVersion": "6.1",
    "device": "ThinkPad",
    "deviceType": "desktop",
    "ip": "2001:db8::7",
    "city": "Köln",
    "region": "NRW",
    "country": "Germany",
    "countryCode": "DE",
    "latitude": 50.94,
    "longitude": 7.0,
    "screenResolution": "1920x1080",
    "viewport": "1280x720",
    "attribution": '{"utm":{"source":"mail"}}',
    "currentPage": '{"url":"https://example.com/"}',
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


def test_browser_data_normalises_every_field() -> None:
    assert browser_data(GIVEN) == KEPT


def test_browser_data_normalised_again_stays_the_same() -> None:
    assert browser_data(browser_data(GIVEN)) == KEPT


def test_a_missing_field_and_none_mean_keep() -> None:
    assert browser_data({"language": None, "latitude": None, "attribution": None, "os": "Linux"}) == {"os": "Linux"}


def test_a_cleared_field_becomes_null() -> None:
    assert browser_data({"os": "Linux", "city": None}, ("city", "latitude")) == {
        "os": "Linux",
        "city": None,
        "latitude": None,
    }


def test_a_field_both_given_and_cleared_is_refused() -> None:
    with pytest.raises(UsageProblem, match="city is both given and cleared"):
        browser_data({"city": "Berlin"}, ("city",))


@pytest.mark.parametrize("field", [field for field in BROWSER_DATA if field not in ("attribution", "currentPage")])
@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_string_is_an_error_and_not_null(field: str, value: str) -> None:
    with pytest.raises(InvalidData) as refused:
        browser_data({field: value})

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("language", "en US", "invalid_language"),
        ("timezone", "GMT+25", "invalid_timezone"),
        ("deviceType", "watch", "invalid_device_type"),
        ("ip", "example.com", "invalid_ip"),
        ("countryCode", "DEU", "invalid_country_code"),
        ("latitude", "90.01", "invalid_coordinates"),
        ("longitude", -181, "invalid_coordinates"),
        ("longitude", float("nan"), "invalid_coordinates"),
        ("viewport", "wide", "invalid_size"),
        ("city", "x" * 1_001, "too_long"),
        ("browser", "a\0b", "invalid_text"),
        ("fingerprint", "\ud800", "invalid_text"),
        ("attribution", "[1]", "invalid_json"),
        ("currentPage", "https://example.com/", "invalid_json"),
    ],
)
def test_a_value_that_breaks_its_rule_is_refused_by_the_fields_name(field: str, value: object, code: str) -> None:
    with pytest.raises(InvalidData) as refused:
        browser_data({"os": "Linux", field: value})

    assert refused.value.field == field
    assert refused.value.code == code
    assert refused.value.message.startswith(field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("language", 5),
        ("browser", ["Firefox"]),
        ("browserVersion", 128),
        ("ip", {"v4": "203.0.113.7"}),
        ("os", True),
        ("latitude", True),
        ("latitude", [52.5]),
        ("longitude", {"degrees": 7}),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidData) as refused:
        browser_data({field: value})

    assert refused.value.field == field
    assert refused.value.code == "invalid_type"


@pytest.mark.parametrize("value", [True, False, 5, 1.5, [], ["a"]])
def test_a_document_that_is_no_object_is_refused_as_that(value: object) -> None:
    with pytest.raises(InvalidData) as refused:
        browser_data({"attribution": value})

    assert refused.value.message == "attribution is not a JSON object"


def test_a_document_is_compact_json_in_the_order_of_its_keys() -> None:
    assert document('{ "b" : [1, 2.5, null], "a": {"ü": true} }', "attribution") == '{"b":[1,2.5,null],"a":{"ü":true}}'
    assert document({"b": 1, "a": "x"}, "attribution") == '{"b":1,"a":"x"}'


@pytest.mark.parametrize("text", ["", " ", "{", "{}{}", "null", '"text"', "[{}]", "NaN", "{'a': 1}", '{"a":\ud800}'])
def test_text_that_is_not_a_json_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidData) as refused:
        document(text, "currentPage")

    assert refused.value.field == "currentPage"
    assert refused.value.code == "invalid_json"


def test_a_document_may_take_its_limit_and_not_one_byte_more() -> None:
    room = DOCUMENT_LIMIT - len('{"a":""}')

    assert len(document({"a": "x" * room}, "attribution")) == DOCUMENT_LIMIT
    with pytest.raises(InvalidData) as refused:
        document({"a": "x" * (room + 1)}, "attribution")
    assert refused.value.code == "too_long"


def test_a_documents_limit_counts_bytes_and_not_characters() -> None:
    with pytest.raises(InvalidData) as refused:
        document({"a": "é" * (DOCUMENT_LIMIT - 10)}, "attribution")

    assert refused.value.code == "too_long"


@pytest.mark.parametrize("value", [{"a": "x\0y"}, {"\0": 1}, {"a": ["\0"]}, '{"a": "\\u0000"}', {"a": "\\\0"}])
def test_a_document_with_a_nul_is_refused(value: object) -> None:
    with pytest.raises(InvalidData) as refused:
        document(value, "attribution")

    assert refused.value.code == "invalid_text"


def test_a_document_may_have_many_lists_next_to_each_other_but_not_deep_in_each_other() -> None:
    wide = {"a": [["x"]] * DEPTH_LIMIT}
    assert msgspec.json.decode(document(wide, "attribution")) == wide
    deep: list[object] = []
    for _ in range(DEPTH_LIMIT):
        deep = [deep]
    with pytest.raises(InvalidData) as refused:
        document({"a": deep}, "attribution")

    assert refused.value.code == "too_deep"


def test_a_backslash_before_u0000_is_ordinary_text() -> None:
    path = {"path": r"C:\u0000"}

    assert json.loads(document(path, "attribution")) == path


def test_a_document_with_a_lone_surrogate_is_refused() -> None:
    for value in ({"a": "\ud800"}, {"\udfff": 1}, '{"a": "\\ud800"}'):
        with pytest.raises(InvalidData):
            document(value, "attribution")


def test_a_document_nested_100_000_deep_is_invalid_data() -> None:
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"a": deep}

    for value in (deep, '{"a":' * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000):
        with pytest.raises(InvalidData) as refused:
            document(value, "attribution")
        assert refused.value.code == "invalid_json"


@always
@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_a_document_holds_what_was_given_and_stays_the_same(value: dict[str, object]) -> None:
    try:
        kept = document(value, "attribution")
    except InvalidData:
        assert r"\x00" in repr(value)
        return
    assert json.loads(kept) == value
    assert document(kept, "attribution") == kept
