"""Normalise: what is stored of what was typed, and what is refused as junk."""

from __future__ import annotations

import ipaddress
import json
import sqlite3
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from junk import JUNK, QUOTES
from visitors import open_store
from visitors.domain.timezone_aliases import aliases_of

Visitors = Callable[..., Any]


@pytest.mark.parametrize(
    ("option", "field", "typed", "stored"),
    [
        ("--language", "language", "en-gb", "en-GB"),
        ("--language", "language", " EN ", "en"),
        ("--language", "language", "ZH-HANT-tw", "zh-Hant-TW"),
        ("--timezone", "timezone", " Europe/London ", "Europe/London"),
        ("--browser", "browser", "  Firefox\t", "Firefox"),
        ("--city", "city", "\u00a0São Paulo\n", "São Paulo"),
        ("--country-code", "countryCode", "de", "DE"),
        ("--device-type", "deviceType", "MOBILE", "mobile"),
        ("--ip", "ip", "2001:DB8:0:0::7", "2001:db8::7"),
        ("--screen-resolution", "screenResolution", "1920 X 1080", "1920x1080"),
        ("--latitude", "latitude", " 52.5200 ", 52.52),
        ("--longitude", "longitude", "-0", 0.0),
    ],
)
def test_browser_data_are_normalised(
    visitors: Visitors, anonymous: str, option: str, field: str, typed: str, stored: object
) -> None:
    updated = visitors("update", anonymous, f"{option}={typed}", "--format", "json").json
    assert updated[field] == stored


@pytest.mark.parametrize(
    ("option", "typed", "code"),
    [
        ("--language", "english please", "invalid_language"),
        ("--language", "e", "invalid_language"),
        ("--timezone", "Mars/Base", "invalid_timezone"),
        ("--timezone", "europe/london", "invalid_timezone"),
        ("--timezone", "../../etc/passwd", "invalid_timezone"),
        ("--timezone", "+02:00", "invalid_timezone"),
        ("--country-code", "DEU", "invalid_country_code"),
        ("--ip", "300.1.1.1", "invalid_ip"),
        ("--latitude", "91", "invalid_coordinates"),
        ("--longitude", "nan", "invalid_coordinates"),
        ("--viewport", "large", "invalid_size"),
        ("--browser", " ", "empty"),
        ("--browser", "x" * 1001, "too_long"),
    ],
)
def test_browser_data_that_break_their_rule_are_refused(
    visitors: Visitors, anonymous: str, option: str, typed: str, code: str
) -> None:
    refused = visitors("update", anonymous, f"{option}={typed}", "--format", "json", code=5)
    assert refused.error["code"] == code
    assert visitors("history", "--command", "update", "--format", "count").stdout == "0\n"


def contact_of(visitors: Visitors, visitor: str) -> Any:
    return visitors("show", visitor, "--format", "json").json["contact"]


def test_everything_about_a_person_but_the_values_of_metadata_is_trimmed_and_email_is_lower_case(
    visitors: Visitors, anonymous: str
) -> None:
    visitors(
        "identify", anonymous, "--external-id", " User-1 ", "--email", " Ada.Lovelace@Example.COM ",
        "--name", "\tAda  Lovelace ", "--image", " https://example.com/A.png ", "--metadata", " plan = pro ",
    )  # fmt: skip
    contact = contact_of(visitors, anonymous)
    assert contact["externalId"] == "User-1"
    assert contact["email"] == "ada.lovelace@example.com"
    assert contact["name"] == "Ada  Lovelace"
    assert contact["image"] == "https://example.com/A.png"
    assert contact["metadata"] == {"plan": " pro "}


def test_an_email_in_any_letter_case_is_the_same_person(visitors: Visitors) -> None:
    for visitor, email in (("a", "ada@example.com"), ("b", "ADA@EXAMPLE.COM")):
        visitors("create", "--id", visitor)
        visitors("identify", visitor, "--email", email)
    assert contact_of(visitors, "a")["id"] == contact_of(visitors, "b")["id"]


def test_external_ids_are_case_sensitive(visitors: Visitors) -> None:
    for visitor, external_id in (("a", "User"), ("b", "user")):
        visitors("create", "--id", visitor)
        visitors("identify", visitor, "--external-id", external_id)
    assert contact_of(visitors, "a")["id"] != contact_of(visitors, "b")["id"]


def test_plus_tags_and_dots_of_emails_are_not_folded(visitors: Visitors) -> None:
    emails = ("adalovelace@example.com", "ada.lovelace@example.com", "ada.lovelace+shop@example.com")
    for number, email in enumerate(emails):
        visitors("create", "--id", f"v{number}")
        visitors("identify", f"v{number}", "--email", email)
    assert [contact_of(visitors, f"v{number}")["email"] for number in range(3)] == list(emails)
    assert visitors("contacts", "list", "--format", "count").stdout == "3\n"


ENTRANCES: dict[str, Callable[[str], tuple[list[str], str]]] = {
    "create --id": lambda junk: (["create", f"--id={junk}"], ""),
    "create --fingerprint": lambda junk: (["create", f"--fingerprint={junk}"], ""),
    "track --id": lambda junk: (["track", f"--id={junk}"], ""),
    "track --fingerprint": lambda junk: (["track", f"--fingerprint={junk}"], ""),
    "update --fingerprint": lambda junk: (["update", "there", f"--fingerprint={junk}"], ""),
    "identify --external-id": lambda junk: (["identify", "there", f"--external-id={junk}"], ""),
    "identify --email": lambda junk: (["identify", "there", f"--email={junk}"], ""),
    "identify -": lambda junk: (["identify", "-"], json.dumps({"visitorId": "there", "externalId": junk})),
    "contacts create": lambda junk: (["contacts", "create", f"--external-id={junk}"], ""),
    "contacts create --email": lambda junk: (["contacts", "create", f"--email={junk}"], ""),
    "contacts update": lambda junk: (["contacts", "update", "ext:known", f"--external-id={junk}"], ""),
    "contacts update --email": lambda junk: (["contacts", "update", "ext:known", f"--email={junk}"], ""),
    **{
        f"import of {name}": lambda junk, row=row: (  # type: ignore[misc]
            ["import", "-", "--input-format", "ndjson"],
            json.dumps(row).replace("JUNK", json.dumps(junk)[1:-1]),
        )
        for name, row in {
            "id": {"id": "JUNK"},
            "fingerprint": {"id": "v", "fingerprint": "JUNK"},
            "an external id": {"id": "v", "contact": {"externalId": "JUNK"}},
            "an email": {"id": "v", "contact": {"email": "JUNK"}},
            "the id of a contact": {"id": "v", "contact": {"id": "JUNK", "name": "Ada"}},
        }.items()
    },
    "import of CSV": lambda junk: (
        ["import", "-", "--input-format", "csv"],
        f'id,contact.externalId\nv,"{junk.replace(chr(34), 2 * chr(34))}"\n',
    ),
    **{
        f"fixture: {name}": lambda junk, path=path: (  # type: ignore[misc]
            ["fixtures", "apply", "-"],
            "version: 1\n" + path.replace("JUNK", json.dumps(junk)),
        )
        for name, path in {
            "id": "visitors: {a: {id: JUNK}}",
            "name": "visitors: {JUNK: {}}",
            "fingerprint": "visitors: {a: {fingerprint: JUNK}}",
            "external id": "contacts: {a: {externalId: JUNK}}",
            "email": "contacts: {a: {email: JUNK}}",
            "contact id": "contacts: {a: {id: JUNK}}",
        }.items()
    },
}


@pytest.mark.parametrize("entrance", ENTRANCES)
def test_junk_is_refused_at_every_entrance(visitors: Visitors, entrance: str) -> None:
    visitors("create", "--id", "there")
    visitors("contacts", "create", "--external-id", "known")
    before = visitors("db", "dump").stdout
    for number, junk in enumerate(JUNK):
        quoted = QUOTES[number % len(QUOTES)].format(junk)
        for spelled in {junk, junk.upper(), f" {quoted} "}:
            words, given = ENTRANCES[entrance](spelled)
            visitors(*words, input=given, code=5)
    assert visitors("db", "dump").stdout == before


def test_whoever_has_junk_for_an_id_since_long_ago_can_still_be_named(visitors: Visitors, store_path: Path) -> None:
    visitors("create", "--id", "v1", "--fingerprint", "fp")
    visitors("identify", "v1", "--external-id", "u1")
    with sqlite3.connect(store_path) as database:
        for table, column, junk in (("visitors", "id", "guest"), ("contacts", "external_id", "N/A")):
            for (name,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
            ).fetchall():
                database.execute(f"DROP TRIGGER {name}")
            database.execute(f"UPDATE {table} SET {column} = ?", (junk,))
    assert visitors("show", "guest", "--format", "json").json["id"] == "guest"
    assert visitors("contacts", "show", "ext:N/A", "--format", "json").json["externalId"] == "N/A"


def test_a_fixture_may_call_its_records_anything_and_give_them_ids(visitors: Visitors) -> None:
    text = "version: 1\nvisitors: {guest: {id: v-guest}}\nconversations: {unknown: {visitor: guest}}\n"
    visitors("fixtures", "apply", "-", input=text)
    assert visitors("list", "--format", "ids").lines == ["v-guest"]
    refused = visitors("fixtures", "apply", "-", input="version: 1\nvisitors: {guest: {}}\n", code=5)
    assert "hint: add an id: id: ID" in refused.stderr


SPELLINGS = [
    ("zoë@example.com", "zoe\u0308@example.com"),
    ("ada@bücher.example", "ada@xn--bcher-kva.example"),
    ("ada@bücher.example", "ADA@BU\u0308CHER.example"),
    ("ada@example.com", "\ufeffada@example.com"),
]


@pytest.mark.parametrize(("one", "other"), [*SPELLINGS, *[(other, one) for one, other in SPELLINGS]])
def test_two_spellings_of_an_email_are_one_person_at_every_entrance(visitors: Visitors, one: str, other: str) -> None:
    visitors("create", "--id", "a")
    visitors("identify", "a", "--email", one)
    visitors("create", "--id", "b")
    visitors("identify", "b", "--email", other)
    visitors("import", "-", "--input-format", "ndjson", input=json.dumps({"id": "c", "contact": {"email": other}}))
    visitors("import", "-", "--input-format", "csv", input=f"id,contact.email\nd,{one}\n")
    visitors("create", "--id", "e")
    visitors("identify", "-", input=json.dumps({"visitorId": "e", "email": other}))
    visitors("contacts", "create", "--email", other, code=4)
    assert visitors("contacts", "list", "--format", "count").stdout == "1\n"
    for spelled in (one, other):
        person = visitors("contacts", "show", spelled, "--format", "json").json["id"]
        assert visitors("list", "--contact", spelled, "--format", "count").stdout == "5\n"
        assert visitors("contacts", "show", person[:20], "--format", "json").json["email"] == SPELLINGS_KEPT[one]


SPELLINGS_KEPT = {one: kept for kept, other in SPELLINGS for one in (kept, other)}


def test_two_spellings_of_an_external_id_are_one_person(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "C", "--external-id", "zoe\u0308", "--name", "Zoe\u0308")
    for visitor, spelled in (("a", "zoë"), ("b", "zoe\u0308"), ("c", "\u200bzoë")):
        visitors("create", "--id", visitor)
        visitors("identify", visitor, "--external-id", spelled)
        assert contact_of(visitors, visitor)["id"] == "C"
    for spelled in ("zoë", "zoe\u0308"):
        assert visitors("contacts", "show", f"ext:{spelled}", "--format", "json").json["id"] == "C"
        assert visitors("contacts", "list", "--search", spelled, "--format", "ids").lines == ["C"]
        assert visitors("list", "--search", spelled, "--format", "count").stdout == "3\n"


@pytest.mark.parametrize("field", ["browser", "os"])
def test_a_filter_finds_what_was_written_in_the_other_form(visitors: Visitors, field: str) -> None:
    visitors("create", "--id", "a", f"--{field}", "Cafe\u0301")
    visitors("create", "--id", "b", f"--{field}", "Café")
    for spelled in ("Cafe\u0301", "Café"):
        assert visitors("list", f"--{field}", spelled, "--format", "count").stdout == "2\n"


def test_an_ipv4_address_inside_ipv6_is_that_address_wherever_it_comes(visitors: Visitors) -> None:
    visitors("create", "--id", "a", "--ip", "::ffff:192.0.2.1")
    visitors(
        "import", "-", "--input-format", "csv", input="id,ip\nb,::ffff:c000:201\nc,::FFFF:192.0.2.1\nd,192.0.2.1\n"
    )
    for spelled in ("192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"):
        assert visitors("list", "--ip", spelled, "--sort", "id", "--format", "ids").lines == ["a", "b", "c", "d"]


def test_a_fingerprint_in_two_spellings_is_one_browser(visitors: Visitors) -> None:
    visitors("track", "--id", "a", "--fingerprint", "e\u0301-1")
    found = visitors("track", "--fingerprint", "\ufeffé-1", "--format", "json").json
    assert (found["resolvedBy"], found["id"]) == ("fingerprint", "a")


@pytest.mark.parametrize(
    "words",
    [
        ["create", "--fingerprint", "a\u200bb"],
        ["identify", "there", "--external-id", "a\u200bb"],
        ["contacts", "create", "--email", "a\u200bb@example.com"],
    ],
)
def test_what_cannot_be_seen_makes_no_second_person(visitors: Visitors, words: list[str]) -> None:
    visitors("create", "--id", "there")
    refused = visitors(*words, "--format", "json", code=5)
    assert refused.error["code"] == "unseen_character"
    assert "U+200B" in refused.error["message"]


@pytest.mark.parametrize("value", ["[1]", '{"a": 1}', "1e999", "9223372036854775808", "nope", ""])
def test_metadata_values_that_are_no_string_number_boolean_or_null_are_refused(
    visitors: Visitors, anonymous: str, value: str
) -> None:
    visitors("identify", anonymous, "--external-id", "u", "--metadata", f"key:={value}", code=5)
    assert visitors("contacts", "list", "--format", "count").stdout == "0\n"


def test_metadata_values_keep_their_types(visitors: Visitors, anonymous: str) -> None:
    typed = ("text=5", "whole:=5", "real:=1.5", "yes:=true", "nothing:=null", 'quoted:="x"', "blank=")
    options = [word for one in typed for word in ("--metadata", one)]
    visitors("identify", anonymous, "--external-id", "u", *options)
    assert contact_of(visitors, anonymous)["metadata"] == {
        "text": "5", "whole": 5, "real": 1.5, "yes": True, "nothing": None, "quoted": "x", "blank": "",
    }  # fmt: skip


# `node -e` computed these: sha256 of JSON.stringify of the object rebuilt with its keys sorted by `<`.
HASHES = [
    ({}, ""),
    ({"plan": "pro"}, "029c40d2"),
    ({"b": 1, "a": 2}, "d3626ac3"),
    ({"b": 1, "10": 2, "9": 3, "a": 4}, "2db3b500"),
    ({"a": 1.0, "b": 1, "c": 1.0, "d": 1.0, "e": 1.5}, "e7fddc00"),
    ({"a": True, "b": False, "c": None}, "58ea9f23"),
    ({"\uff5e": 1, "\U0001f600": 2}, "c44a3242"),
]


@pytest.mark.parametrize(("metadata", "expected"), HASHES, ids=[expected or "empty" for _, expected in HASHES])
def test_metadata_hash_is_what_javascript_computes(
    visitors: Visitors, anonymous: str, metadata: dict[str, object], expected: str
) -> None:
    line = json.dumps({"visitorId": anonymous, "externalId": "u", "metadata": metadata})
    identified = visitors("identify", "-", "--format", "ndjson", input=line).json
    assert identified["contact"]["metadataHash"] == expected
    assert visitors("contacts", "show", "ext:u", "--format", "json").json["metadataHash"] == expected


def test_metadata_hash_follows_every_change_and_not_the_order_of_keys(visitors: Visitors, anonymous: str) -> None:
    visitors("identify", anonymous, "--external-id", "u", "--metadata", "b:=1", "--metadata", "a:=2")
    assert contact_of(visitors, anonymous)["metadataHash"] == "d3626ac3"
    visitors("identify", anonymous, "--external-id", "u", "--unset", "a", "--unset", "b", "--metadata", "plan=pro")
    assert contact_of(visitors, anonymous)["metadataHash"] == "029c40d2"
    visitors("identify", anonymous, "--external-id", "u", "--clear", "metadata")
    assert contact_of(visitors, anonymous)["metadataHash"] == ""


# Two spellings of one value, at every entrance

COMPOSABLE = st.text(st.sampled_from("aeonzéñçåΩがक़\u0301\u0308\u0323"), min_size=1, max_size=8).map("x{}".format)
FORMS: st.SearchStrategy[Literal["NFC", "NFD"]] = st.sampled_from(["NFC", "NFD"])
ENDS = st.sampled_from(["", " ", "\u00a0", "\u200b", "\ufeff"])


def written(draw: st.DrawFn, text: str) -> str:
    return draw(ENDS) + unicodedata.normalize(draw(FORMS), text) + draw(ENDS)


@st.composite
def spellings_of_a_key(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A name of a key that identifies somebody, and several spellings of one value of it."""
    text = draw(COMPOSABLE)
    if draw(st.booleans()):
        return "external_id", [written(draw, text) for _ in range(4)]
    domains = st.sampled_from(
        ["abücher.example", "ABÜCHER.example", "xn--abcher-4ya.example", "XN--ABCHER-4YA.Example"]
    )
    return "email", [written(draw, f"{text}@{draw(domains)}") for _ in range(4)]


@settings(deadline=None)
@given(key=spellings_of_a_key())
def test_any_two_spellings_of_a_key_are_one_person_at_every_entrance(key: tuple[str, list[str]]) -> None:
    name, (first, second, third, fourth) = key
    with open_store(":memory:") as store:
        store.create(id="a")
        store.create(id="b")
        store.identify("a", **{name: first})  # type: ignore[arg-type]
        store.identify("b", **{name: second})  # type: ignore[arg-type]
        store.import_([{"id": "c", "externalId" if name == "external_id" else name: third}])
        (contact,) = store.contacts.list()
        sought = f"ext:{fourth}" if name == "external_id" else fourth

        assert {one.id for one in store.list(contact=sought)} == {"a", "b", "c"}
        assert getattr(contact, name) == unicodedata.normalize("NFC", getattr(contact, name))


@settings(deadline=None)
@given(text=COMPOSABLE, forms=st.lists(FORMS, min_size=3, max_size=3))
def test_any_two_spellings_of_a_fingerprint_or_browser_are_one(text: str, forms: list[Literal["NFC", "NFD"]]) -> None:
    first, second, third = (unicodedata.normalize(form, text) for form in forms)
    with open_store(":memory:") as store:
        made = store.track(fingerprint=first, browser=first)

        assert store.track(fingerprint=second, browser=second).visitor.id == made.visitor.id
        assert [one.id for one in store.list(browser=third)] == [made.visitor.id]


@settings(deadline=None)
@given(number=st.integers(0, 2**32 - 1), mapped=st.lists(st.booleans(), min_size=2, max_size=2))
def test_an_ipv4_address_inside_ipv6_is_that_address(number: int, mapped: list[bool]) -> None:
    address = str(ipaddress.IPv4Address(number))
    stored, sought = (f"::ffff:{address}" if inside else address for inside in mapped)
    with open_store(":memory:") as store:
        store.create(id="a", ip=stored)

        assert [one.ip for one in store.list(ip=sought)] == [address]


@settings(deadline=None)
@given(
    names=st.sampled_from(["Asia/Kolkata", "America/New_York", "Europe/Kyiv", "UTC"]).map(aliases_of), more=st.data()
)
def test_any_two_names_of_one_time_zone_are_one_in_a_filter_and_stay_as_they_came(
    names: tuple[str, ...], more: st.DataObject
) -> None:
    stored, sought = (more.draw(st.sampled_from(sorted(names))) for _ in range(2))
    with open_store(":memory:") as store:
        store.create(id="a", timezone=stored)

        assert [one.timezone for one in store.list(timezone=sought)] == [stored]
