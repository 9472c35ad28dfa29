"""What `export --pseudonymize` must not reveal: an email or name in any text, and links between two exports."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visitors.domain.fields import BROWSER_DATA, CONTACT, FLAT, PERSON, VISITOR, Field
from visitors.domain.folding import fold
from visitors.domain.pseudonyms import Pseudonyms

Visitors = Callable[..., Any]

EMAIL = "zéphyrine.quackenbush@lovelace.example"
NAME = "Zéphyrine Quackenbush"
WORDS = ("zephyr", "quackenb", "lovelace")
"""Parts of both without accents, as short as a language subtag."""

NOW = "2026-03-10T12:34:56.789Z"
FORMATS = ("csv", "tsv", "json", "ndjson", "ids")

written = st.sampled_from([str, str.upper, str.lower, str.title, quote, fold, repr, json.dumps])
somebody = st.builds(lambda text, form: form(text), st.sampled_from([EMAIL, NAME, "zephyr", "QUACKENB"]), written)
telling = st.builds("{}{}{}".format, st.sampled_from(["", "en-", "en-x-", "1920x", "Chrome ", "126.", "?q="]), somebody,
                    st.sampled_from(["", "-GB", ".0", "/Europe", " Safari"]))  # fmt: skip
documents = st.dictionaries(telling, telling | st.dictionaries(telling, telling, max_size=2), max_size=2)


def told(text: str) -> list[str]:
    """Return the parts of the email and the name in a text, in any spelling."""
    text = text.encode().decode("unicode_escape", "replace") + unquote(text) + text
    return [word for word in WORDS if word in fold(text).lower()]


def any_record() -> st.SearchStrategy[dict[str, Any]]:
    """A visitor with identifying text in every field, even where no command accepts it."""
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "text": telling, "time": telling, "number": st.just(None), "boolean": st.booleans(), "document": documents,
    }  # fmt: skip
    contact = st.fixed_dictionaries({field.name: kinds[field.type] for field in CONTACT})
    return st.fixed_dictionaries(
        {field.name: contact if field.type == "contact" else kinds[field.type] for field in VISITOR}
    )


@given(record=any_record(), key=st.binary(min_size=16, max_size=40))
def test_no_field_passes_on_an_email_or_a_name_whatever_is_in_the_store(record: dict[str, Any], key: bytes) -> None:
    assert told(json.dumps(record)) != []
    passed_on = Pseudonyms(key).of_visitor(record)
    assert told(json.dumps(passed_on, ensure_ascii=False)) == []
    assert Pseudonyms(key).of_visitor(record) == passed_on


def forms() -> Iterator[str]:
    for text in (EMAIL, NAME):
        yield from (text, text.upper(), quote(text), f"https://example.com/?q={quote(text, safe='')}", fold(text))


def telling_records() -> list[dict[str, Any]]:
    """Visitors with identifying text in every free text field."""
    records = []
    for number, text in enumerate(forms()):
        own: dict[str, Any] = {"timezone": "Europe/London", "language": "en-Zephyr-x-quackenb", "deviceType": "desktop",
               "countryCode": "GB", "ip": "203.0.113.7", "latitude": 1.5, "longitude": 2.5, "viewport": "10x20",
               "screenResolution": "1920x1080"}  # fmt: skip

        def value(field: Field, text: str = text, own: dict[str, Any] = own) -> Any:
            document = {text: [text, {"referrer": text, "title": text}]}
            return document if field.type == "document" else own.get(field.name, text)

        contact: dict[str, Any] = {name: f"{number}{value(field)}" for name, field in PERSON.items()}
        contact |= {"id": f"zephyr-{number}", "email": f"{number}{EMAIL}", "metadata": {text: text, "owner": NAME}}
        browser = {name: value(field) for name, field in BROWSER_DATA.items()} | {"fingerprint": f"{number}{text}"}
        block = {"isBlocked": True, "blockedBy": NAME, "blockReason": text}
        records.append({"id": f"quackenb-{number}", "contact": contact, **browser, **block})
    return records


@pytest.fixture
def keys(tmp_path: Path) -> list[str]:
    found = []
    for name in ("one", "other"):
        path = tmp_path / name
        path.write_bytes(name.encode() * 16)
        path.chmod(0o600)
        found.append(str(path))
    return found


@pytest.mark.parametrize("format_", FORMATS)
def test_no_format_passes_on_an_email_or_a_name_and_what_it_passes_on_imports(
    visitors: Visitors, keys: list[str], tmp_path: Path, format_: str
) -> None:
    text = "\n".join(map(json.dumps, telling_records()))
    visitors("import", "-", "--input-format", "ndjson", input=text, now=NOW)
    assert told(visitors("export", "--format", format_, now=NOW).stdout) != []

    passed_on = visitors("export", "--format", format_, "--pseudonymize", keys[0], now=NOW).stdout
    assert told(passed_on) == []

    if format_ != "ids":
        new = ("--db", str(tmp_path / "new.db"))
        visitors("import", "-", "--input-format", format_, *new, input=passed_on, now=NOW)
        assert visitors("export", "--format", format_, *new, now=NOW).stdout == passed_on


def test_no_choice_of_fields_passes_them_on(visitors: Visitors, keys: list[str]) -> None:
    visitors("import", "-", "--input-format", "ndjson", input=json.dumps(telling_records()[0]), now=NOW)
    for field in (*FLAT, "contact.metadata.owner"):
        for format_ in ("csv", "json"):
            arguments = ("--format", format_, "--fields", field, "--pseudonymize", keys[0])
            assert told(visitors("export", *arguments, now=NOW).stdout) == []


@pytest.mark.parametrize(
    ("field", "value", "becomes"),
    [
        ("language", "en-GB", "en-GB"),
        ("language", "zh-Hant-TW", "zh-TW"),
        ("language", "de", "de"),
        ("language", "en-Emma", "en"),
        ("language", "en-x-emma", "en"),
        ("language", "emma", None),
        ("language", "ada", None),
        ("timezone", "Europe/Emma", None),
        ("countryCode", "Emma", None),
        ("deviceType", "emma", None),
        ("screenResolution", "emma", None),
        ("browser", "sAFARI", "Safari"),
        ("os", "windows", "Windows"),
        ("createdAt", "2026-03-10T23:59:59.999Z", "2026-03-10T00:00:00.000Z"),
        ("blockExpiresAt", "2026-03-10T00:00:00.000Z", "2026-03-10T23:59:59.999Z"),
        ("createdAt", "emma", None),
    ],
)
def test_what_is_kept_comes_from_a_fixed_vocabulary(field: str, value: str, becomes: str | None) -> None:
    assert Pseudonyms(b"k" * 16).of_visitor({field: value, "contact": None})[field] == becomes


def test_an_uncommon_browser_gets_a_pseudonym() -> None:
    passed_on = Pseudonyms(b"k" * 16).of_visitor({"browser": NAME, "os": NAME, "contact": None})
    assert re.fullmatch("browser-[a-z2-7]{24}", passed_on["browser"])
    assert re.fullmatch("os-[a-z2-7]{24}", passed_on["os"])


def test_exports_with_two_keys_cannot_be_linked_by_order_times_or_pseudonyms(
    visitors_process: Visitors, keys: list[str], tmp_path: Path
) -> None:
    visitors_process("seed", "--count", "1000", "--now", NOW)
    whole = [json.loads(line) for line in visitors_process("export", "--format", "ndjson").lines]
    found = []
    for number, key in enumerate(keys):
        target = tmp_path / f"{number}.ndjson"
        visitors_process("export", "-o", str(target), "--pseudonymize", key)
        text = target.read_text(encoding="utf-8")
        assert visitors_process("export", "--format", "ndjson", "--pseudonymize", key).stdout == text
        found.append([json.loads(line) for line in text.splitlines()])

    assert [len(rows) for rows in found] == [1000, 1000]
    places = []
    for rows, key in zip(found, keys, strict=True):
        stand_ins = Pseudonyms(Path(key).read_bytes())
        place = {one["id"]: number for number, one in enumerate(rows)}
        places.append([place[stand_ins.visitor_id(one["id"])] for one in whole])
    for one, other in ((range(1000), places[0]), (range(1000), places[1]), places):
        assert abs(statistics.correlation(one, other)) < 0.15  # for unrelated orders: 0 ± 0.03

    texts = [set(re.findall("[a-z2-7]{24}|2001:db8:[0-9a-f:]+", json.dumps(rows))) for rows in found]
    assert not texts[0] & texts[1]
    moments = set(re.findall(r"\d{4}-\d\d-\d\dT([\d:.]+)Z", json.dumps(found)))
    assert moments <= {"00:00:00.000", "23:59:59.999"}


def test_a_block_that_holds_still_holds_after_an_import(visitors: Visitors, keys: list[str], tmp_path: Path) -> None:
    visitors("create", "--id", "v1", now=NOW)
    visitors("block", "v1", "--for", "1m", now=NOW)
    passed_on = visitors("export", "--format", "csv", "--pseudonymize", keys[0], now=NOW).stdout
    new = ("--db", str(tmp_path / "new.db"))
    visitors("import", "-", "--input-format", "csv", *new, input=passed_on, now=NOW)
    [found] = visitors("list", "--format", "json", *new, now=NOW).json
    assert (found["isBlocked"], found["blockExpiresAt"]) == (True, "2026-03-10T23:59:59.999Z")
