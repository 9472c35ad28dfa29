"""`export --redact` and `--pseudonymize`: exports that can be attached to a ticket."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import re
import statistics
import string
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visitors.domain.pseudonyms import TREATMENT, Pseudonyms
from visitors.errors import InvalidData
from visitors.input.key_file import read_key
from visitors.output.shapes import VISITOR

Visitors = Callable[..., Any]
Fill = Callable[..., None]

NOW = "2026-03-10T00:00:00.000Z"
AMARA: dict[str, Any] = {
    "id": "amaras-laptop", "language": "en-GB", "timezone": "Europe/London", "fingerprint": "fp-1234",
    "browser": "Chrome", "browserVersion": "126.0.6478.127", "os": "Windows", "osVersion": "10.0.19045",
    "device": "Amara's PC", "deviceType": "desktop", "ip": "203.0.113.7", "city": "Leeds", "region": "Yorkshire",
    "country": "United Kingdom", "countryCode": "GB", "latitude": 53.79648, "longitude": -1.54785,
    "screenResolution": "1920x1080", "viewport": "1913x927", "attribution": {"utm_campaign": "spring"},
    "currentPage": {"url": "https://shop.example/amara"}, "isBlocked": True, "blockedBy": "Eve", "blockReason": "spam",
    "blockedAt": "2026-02-01T00:00:00.000Z", "createdAt": "2026-01-01T00:00:00.000Z",
    "contact": {"id": "C1", "externalId": "u-1", "email": "amara@example.com", "name": "Amara Okafor",
                "image": "https://example.com/amara.png", "metadata": {"plan": "pro", "manager": "Grace"}},
}  # fmt: skip
PHONE: dict[str, Any] = {"id": "amaras-phone", "contact": {"id": "C1"}}
SOMEBODY: dict[str, Any] = {"id": "somebody", "ip": "203.0.113.7"}


@pytest.fixture
def store(fill: Fill) -> None:
    fill(AMARA, PHONE, SOMEBODY, now=NOW)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return key_file(tmp_path / "key", b"0123456789abcdef" * 2)


def key_file(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def exported(visitors: Visitors, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = visitors("export", "--format", "json", *arguments, now=NOW).json
    return found


def passed_on(visitors: Visitors, key: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """The pseudonymised export, by the visitors' ids in the store."""
    original = {Pseudonyms(key.read_bytes()).visitor_id(one["id"]): one["id"] for one in (AMARA, PHONE, SOMEBODY)}
    return {original[one["id"]]: one for one in exported(visitors, "--pseudonymize", str(key), *arguments)}


# redact


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("format_", ["csv", "tsv", "ndjson", "json"])
def test_redacted_fields_are_null_in_every_format_and_all_else_is_as_before(visitors: Visitors, format_: str) -> None:
    plain = visitors("export", "--format", format_, now=NOW).stdout
    text = visitors("export", "--format", format_, "--redact", "ip,contact.email", now=NOW).stdout
    assert "203.0.113.7" in plain
    assert "amara@example.com" in plain
    null = "null" if "json" in format_ else ""
    for value in ("203.0.113.7", "amara@example.com"):
        plain = plain.replace(f'"{value}"' if "json" in format_ else value, null)
    assert text == plain


@pytest.mark.usefixtures("store")
def test_a_group_becomes_null_as_a_whole(visitors: Visitors) -> None:
    assert [one["contact"] for one in exported(visitors, "--redact", "contact")] == [None] * 3
    [first, *_] = visitors("export", "--format", "csv", "--redact", "contact", now=NOW).lines[1:]
    header = visitors("export", "--format", "csv", "--redact", "contact", now=NOW).lines[0].split(",")
    row = dict(zip(header, next(csv.reader(io.StringIO(first))), strict=True))
    assert {value for name, value in row.items() if name.startswith("contact.")} == {""}


@pytest.mark.usefixtures("store")
def test_one_value_of_metadata_takes_their_hash_with_it_since_that_would_tell_a_guess(visitors: Visitors) -> None:
    [amara, *_] = exported(visitors, "--redact", "contact.metadata.manager", "--redact", "contact.metadata.nothing")
    assert amara["contact"]["metadata"] == {"plan": "pro", "manager": None}
    assert amara["contact"]["metadataHash"] is None
    [amara, *_] = exported(visitors, "--redact", "contact.metadata")
    assert (amara["contact"]["metadata"], amara["contact"]["metadataHash"]) == (None, None)
    [amara, *_] = exported(visitors, "--redact", "attribution.utm_campaign, currentPage")
    assert (amara["attribution"], amara["currentPage"]) == ({"utm_campaign": None}, None)
    assert amara["contact"]["metadataHash"] != ""


@pytest.mark.usefixtures("store")
def test_it_goes_together_with_a_choice_of_fields(visitors: Visitors) -> None:
    fields = ("--fields", "id,contact.name,ip")
    assert exported(visitors, "--redact", "contact.name", *fields)[0] == {
        "id": "amaras-laptop",
        "contact": {"name": None},
        "ip": "203.0.113.7",
    }
    assert visitors("export", "--format", "ids", "--redact", "ip").lines == [
        "amaras-laptop",
        "amaras-phone",
        "somebody",
    ]


def test_an_unknown_field_is_reported_with_the_valid_ones(visitors: Visitors, anonymous: str) -> None:
    assert anonymous
    refused = visitors("export", "--redact", "id,emial", "--format", "json", code=2)
    assert refused.error["code"] == "unknown_field"
    assert "contact.email" in refused.error["hint"]
    visitors("export", "--redact", " , ", code=2)
    visitors("export", "--redact", "id", "--format", "ids", code=2)


@pytest.mark.usefixtures("store")
def test_what_is_redacted_imports(visitors: Visitors, tmp_path: Path) -> None:
    target = tmp_path / "x.ndjson"
    visitors(
        "export", "-o", str(target), "--redact", "contact.email,contact.metadata,isBlocked,blockReason,attribution"
    )
    visitors("import", str(target), "--db", str(tmp_path / "new.db"))
    found = visitors("show", "amaras-laptop", "--format", "json", "--db", str(tmp_path / "new.db")).json
    assert (found["contact"]["email"], found["contact"]["metadata"], found["attribution"]) == (None, {}, None)


# pseudonymize


def test_every_field_of_a_visitor_has_its_treatment() -> None:
    assert tuple(TREATMENT) == VISITOR.fields


def test_the_topic_documents_the_treatment_of_every_field() -> None:
    topic = (Path(__file__).parents[2] / "src" / "visitors" / "help" / "privacy.md").read_text(encoding="utf-8")
    table = topic.partition("| field | becomes |\n")[2].partition("\n\n")[0].splitlines()[1:]
    told = {field: row.split(" | ")[1] for row in table for field in re.findall("`([^`]+)`", row.split(" | ")[0])}
    assert sorted(told) == sorted(TREATMENT)
    stand_ins = Pseudonyms(b"k" * 16)
    kept = {"timezone": "Europe/London", "deviceType": "desktop", "countryCode": "GB", "screenResolution": "1920x1080"}
    for field, what in told.items():
        value: Any = {"plan": "pro"} if "{" in what else kept.get(field, "en-x-pirate")
        if "that day" in what:
            value = "2026-02-01T12:34:56.789Z"
        if "major number" in what:
            value = "126.0.6478.127"
        treated = TREATMENT[field](stand_ins, field, value)
        assert (treated == value) == (what == "as it is |")
        assert (treated is None) == (what in ("null |", "the hash of that |"))


def test_the_same_value_in_another_field_has_another_pseudonym() -> None:
    stand_ins = Pseudonyms(b"k" * 16)
    assert len({stand_ins.token(field, "amara") for field in TREATMENT}) == len(TREATMENT)


def test_a_field_that_nobody_thought_of_becomes_null() -> None:
    record = {"id": "v", "contact": None, "shoeSize": "44"}
    assert Pseudonyms(b"k" * 16).of_visitor(record)["shoeSize"] is None


@pytest.mark.usefixtures("store")
def test_pseudonyms_are_valid_for_their_field(visitors: Visitors, key: Path) -> None:
    found = passed_on(visitors, key)
    amara, phone, somebody = (found[one["id"]] for one in (AMARA, PHONE, SOMEBODY))
    person = amara["contact"]
    token = "[a-z2-7]{24}"
    for value, pattern in (
        (amara["id"], f"v{token}"),
        (person["id"], f"c{token}"),
        (person["externalId"], f"user-{token}"),
        (person["email"], f"x{token}@pseudonym\\.invalid"),
        (person["name"], f"name-{token}"),
        (person["image"], f"https://pseudonym\\.invalid/{token}"),
        (amara["fingerprint"], f"fp-{token}"),
        (amara["device"], f"device-{token}"),
        (amara["blockedBy"], f"agent-{token}"),
        (amara["blockReason"], f"reason-{token}"),
        (amara["attribution"]["pseudonym"], token),
        (person["metadata"]["pseudonym"], token),
        (amara["ip"], "2001:db8:[0-9a-f:]+"),
    ):
        assert re.fullmatch(pattern, value)
    assert (amara["browserVersion"], amara["osVersion"]) == ("126", "10")
    gone = ("city", "region", "country", "latitude", "longitude", "viewport")
    assert [amara[field] for field in gone] == [None] * 6
    kept = ("language", "timezone", "browser", "os", "deviceType", "countryCode", "blockedAt", "createdAt", "isBlocked")
    assert [amara[field] for field in kept] == [AMARA[field] for field in kept]
    assert phone["contact"] == person
    assert (somebody["contact"], somebody["ip"], somebody["fingerprint"]) == (None, amara["ip"], None)
    assert person["metadataHash"] == visitors_hash(person["metadata"])


def visitors_hash(metadata: dict[str, Any]) -> str:
    from visitors.domain.metadata import metadata_hash

    return metadata_hash(metadata)


@pytest.mark.usefixtures("store")
def test_the_same_key_gives_the_same_pseudonyms_and_another_key_different_ones(
    visitors: Visitors, key: Path, tmp_path: Path
) -> None:
    first = visitors("export", "--format", "csv", "--pseudonymize", str(key), now=NOW).stdout
    again = key_file(tmp_path / "copy", key.read_bytes())
    assert visitors("export", "--format", "csv", "--pseudonymize", str(again), now=NOW).stdout == first
    other = key_file(tmp_path / "other", key.read_bytes() + b"\n")
    second = visitors("export", "--format", "csv", "--pseudonymize", str(other), now=NOW).stdout
    stand_ins = [set(re.findall("[a-z2-7]{24}|2001:db8:[0-9a-f:]+", text)) for text in (first, second)]
    assert min(map(len, stand_ins)) > 10
    assert not stand_ins[0] & stand_ins[1]


@pytest.mark.usefixtures("store")
def test_a_later_export_has_the_same_pseudonym_for_the_same_value(visitors: Visitors, key: Path) -> None:
    before = passed_on(visitors, key)["amaras-phone"]
    visitors("contacts", "update", "C1", "--name", "Amara Smith")
    after = passed_on(visitors, key, "--identified")["amaras-phone"]
    assert after["contact"]["name"] != before["contact"]["name"]
    assert after["contact"]["email"] == before["contact"]["email"]


@pytest.mark.usefixtures("store")
def test_ids_and_chosen_fields_are_pseudonymised_too(visitors: Visitors, key: Path) -> None:
    ids = visitors("export", "--format", "ids", "--pseudonymize", str(key)).lines
    assert ids == [one["id"] for one in exported(visitors, "--pseudonymize", str(key))]
    chosen = passed_on(visitors, key, "--fields", "id,contact.email,contact.metadata.plan")
    assert chosen["amaras-phone"]["contact"]["metadata"] == {"plan": None}
    assert "amara" not in json.dumps([*chosen.values()])


@pytest.mark.usefixtures("store")
def test_both_together_and_a_spreadsheet(visitors: Visitors, key: Path) -> None:
    assert passed_on(visitors, key, "--redact", "contact.name")["amaras-phone"]["contact"]["name"] is None
    arguments = ("--pseudonymize", str(key), "--redact", "contact.name")
    assert "Amara" not in visitors("export", "--format", "csv", "--spreadsheet-safe", *arguments).stdout


# the order


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("format_", ["csv", "tsv", "ndjson", "json", "ids"])
def test_visitors_are_sorted_by_pseudonym_in_every_format(visitors: Visitors, key: Path, format_: str) -> None:
    text = visitors("export", "--format", format_, "--pseudonymize", str(key), now=NOW).stdout
    ids = re.findall('^(?:{"id":")?(v[a-z2-7]{24})', text, re.MULTILINE)
    assert len(ids) == 3
    assert ids == sorted(ids)


@pytest.mark.usefixtures("store")
def test_the_order_stays_where_the_ids_are_left_out(visitors: Visitors, key: Path) -> None:
    fingerprints = [one["fingerprint"] for one in exported(visitors, "--pseudonymize", str(key))]
    for arguments in (("--redact", "id"), ("--fields", "fingerprint")):
        found = exported(visitors, "--pseudonymize", str(key), *arguments)
        assert [one["fingerprint"] for one in found] == fingerprints


@pytest.mark.parametrize("option", [("--sort", "createdAt"), ("--reverse",), ("--after", "somebody")])
@pytest.mark.usefixtures("store")
def test_another_order_is_refused(visitors: Visitors, key: Path, option: tuple[str, ...]) -> None:
    refused = visitors("export", "--format", "json", "--pseudonymize", str(key), *option, code=2)
    assert "orders visitors by pseudonym" in refused.error["message"]
    assert refused.stdout == ""
    visitors("export", "--redact", "ip", *option)


@pytest.mark.usefixtures("store")
def test_a_limit_and_filters_choose_the_same_visitors_as_without_pseudonyms(visitors: Visitors, key: Path) -> None:
    assert set(passed_on(visitors, key, "--limit", "2")) == {"amaras-laptop", "amaras-phone"}
    assert set(passed_on(visitors, key, "--anonymous")) == {"somebody"}
    visitors("delete", "somebody")
    assert set(passed_on(visitors, key)) == {"amaras-laptop", "amaras-phone"}
    assert set(passed_on(visitors, key, "--deleted")) == {"somebody"}


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ids=st.lists(st.from_regex("v7[A-Za-z0-9_]{0,30}", fullmatch=True), unique=True, min_size=1, max_size=30),
    secret=st.binary(min_size=16, max_size=40),
)
def test_the_order_depends_on_ids_and_key_alone(visitors: Visitors, ids: list[str], secret: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        key = key_file(Path(folder) / "key", secret)
        found = []
        for name, order in (("one", ids), ("other", ids[::-1])):
            store = ("--db", str(Path(folder) / name))
            text = "".join(f"{one}\n" for one in ["id", *order])
            visitors("import", "-", "--input-format", "csv", *store, input=text, now=NOW)
            arguments = ("export", "--pseudonymize", str(key), *store)
            found.append(visitors(*arguments, now=NOW).stdout)
            assert visitors(*arguments, now=NOW).stdout == found[-1]
    assert found[0] == found[1]
    assert [line.split("\t")[0] for line in found[0].splitlines()[1:]] == sorted(
        map(Pseudonyms(secret).visitor_id, ids)
    )


@settings(max_examples=20)
@given(keys=st.lists(st.binary(min_size=16, max_size=40), min_size=2, max_size=2, unique=True))
def test_the_orders_of_two_keys_have_nothing_to_do_with_each_other_or_with_that_of_the_store(keys: list[bytes]) -> None:
    ids = [f"v{number:04d}" for number in range(2_000)]
    orders = [sorted(ids, key=Pseudonyms(key).visitor_id) for key in keys]
    for one, other in itertools.combinations([ids, *orders], 2):
        # Spearman's correlation of unrelated orders: 0 with a standard deviation of 1 / sqrt(1999)
        place = {visitor_id: number for number, visitor_id in enumerate(other)}
        assert abs(statistics.correlation(range(2_000), [place[visitor_id] for visitor_id in one])) < 0.15


# the key


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "key_too_short"), (b"k" * 15, "key_too_short"), (b"k" * 65_537, "key_too_long")]
)
def test_a_key_has_enough_bytes_and_not_too_many(
    visitors: Visitors, anonymous: str, tmp_path: Path, content: bytes, code: str
) -> None:
    path = key_file(tmp_path / "the key", content)
    refused = visitors("export", "--pseudonymize", str(path), "--format", "json", code=5)
    assert refused.stdout == ""
    assert anonymous not in refused.stderr
    assert refused.error["code"] == code
    assert refused.error["hint"] == "use another file: (umask 077; openssl rand -out NEW.key 32)"


def test_the_hint_about_a_missing_key_makes_a_private_one(visitors: Visitors, anonymous: str, tmp_path: Path) -> None:
    path = tmp_path / "the key"
    refused = visitors("export", "--pseudonymize", str(path), "--format", "json", code=5)
    assert anonymous not in refused.stderr
    assert refused.error["hint"] == f"(umask 077; openssl rand -out '{path}' 32)"


def test_no_hint_overwrites_a_file_that_was_taken_for_a_key(
    visitors: Visitors, anonymous: str, store_path: Path, tmp_path: Path
) -> None:
    assert anonymous
    short = key_file(tmp_path / "short", b"k")
    for file in (store_path, short):
        hint = visitors("export", "--pseudonymize", str(file), "--format", "json", code=5).error["hint"]
        assert str(file) not in hint


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o660, 0o644, 0o610, 0o601, 0o777])
def test_a_key_is_its_owners_alone(visitors: Visitors, anonymous: str, tmp_path: Path, mode: int) -> None:
    assert anonymous
    path = key_file(tmp_path / "key", b"k" * 32, mode)
    refused = visitors("export", "--pseudonymize", str(path), "--format", "json", code=5)
    assert (refused.error["code"], refused.error["hint"]) == ("key_not_private", f"chmod 600 {path}")
    assert f"{mode:04o}" in refused.error["message"]
    path.chmod(0o400)
    visitors("export", "--pseudonymize", str(path))


def test_a_link_to_a_key_is_as_private_as_the_key(visitors: Visitors, anonymous: str, key: Path) -> None:
    link = key.with_name("link")
    link.symlink_to(key)
    assert anonymous not in visitors("export", "--pseudonymize", str(link)).stdout
    key.chmod(0o644)
    visitors("export", "--pseudonymize", str(link), code=5)


def test_an_invalid_key_file_is_reported(visitors: Visitors, anonymous: str, tmp_path: Path) -> None:
    assert anonymous
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, code in (
        ("missing", "key_missing"), (".", "key_unreadable"), ("pipe", "key_unreadable"), ("loop", "key_unreadable"),
        ("missing/key", "key_missing"),
    ):  # fmt: skip
        refused = visitors("export", "--pseudonymize", str(tmp_path / name), "--format", "json", code=5)
        assert refused.error["code"] == code


def test_an_unreadable_key_is_reported(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)  # root, if running the tests, can read everything
        with pytest.raises(InvalidData, match="Permission denied") as refused:
            read_key(str(key))
    assert refused.value.code == "key_unreadable"


@pytest.mark.usefixtures("store")
def test_the_key_is_neither_shown_nor_kept_nor_replaced(
    visitors_process: Visitors, tmp_path: Path, store_path: Path
) -> None:
    key = key_file(tmp_path / "key", b"a very secret key, truly")
    target = tmp_path / "x.csv"
    done = visitors_process("export", "-o", str(target), "--pseudonymize", str(key))
    refused = visitors_process("export", "-o", str(key), "--format", "csv", "--pseudonymize", str(key), code=2)
    assert key.read_bytes() == b"a very secret key, truly"
    files = [path.read_bytes() for path in (target, store_path)]
    assert not any(b"secret" in text for text in (*files, *(one.stderr.encode() for one in (done, refused))))
    assert target.stat().st_mode & 0o777 == 0o600


# for any data

word = st.text(string.ascii_uppercase + "ÄØЖ", min_size=9, max_size=14).map("Z{}Z".format)
document = st.dictionaries(word, word | st.integers(10**9, 10**12), max_size=3)
person = st.fixed_dictionaries(
    {"id": word.map(lambda text: re.sub("[^A-Z]", "x", text))},
    optional={"externalId": word, "email": word.map(lambda text: f"{text.lower()}@example.com"), "name": word,
              "image": word, "metadata": document},
)  # fmt: skip
browser = st.fixed_dictionaries(
    {"id": word.map(lambda text: re.sub("[^A-Z]", "y", text))},
    optional={
        "fingerprint": word, "ip": st.ip_addresses().map(str), "device": word, "city": word, "region": word,
        "latitude": st.floats(-80, 80).map(lambda number: round(number, 6) + 1e-7),
        "longitude": st.floats(-80, 80).map(lambda number: round(number, 6) + 1e-7),
        "viewport": st.just("1913x927"), "attribution": document, "currentPage": document,
        "browserVersion": st.just("126.0.6478.127"), "osVersion": word,
    },
)  # fmt: skip
block = st.none() | st.fixed_dictionaries(
    {"isBlocked": st.just(value=True), "blockedBy": word}, optional={"blockReason": word}
)
SECRET = ("id", "externalId", "email", "name", "image", "metadata", "fingerprint", "ip", "device", "city", "region",
          "latitude", "longitude", "viewport", "attribution", "currentPage", "browserVersion", "osVersion",
          "blockedBy", "blockReason")  # fmt: skip


def secrets(value: Any) -> list[str]:
    """All values within a value, and all keys of open objects."""
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in secrets(one)]
    return [str(value)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(person, max_size=3),
    browsers=st.lists(
        st.tuples(browser, block, st.integers(0, 3)), min_size=1, max_size=5, unique_by=lambda one: one[0]["id"]
    ),
    secret=st.binary(min_size=16, max_size=40),
)
def test_no_value_that_identifies_is_in_the_file_which_imports_with_the_same_joins(
    visitors: Visitors,
    people: list[dict[str, Any]],
    browsers: list[tuple[dict[str, Any], dict[str, Any] | None, int]],
    secret: bytes,
) -> None:
    for field in ("id", "externalId", "email"):
        people = list({one.get(field, one["id"]): one for one in people}.values())
    records = [
        {**one, **(blocked or {}), "contact": people[number] if number < len(people) else None}
        for one, blocked, number in browsers
    ]
    values = {
        text
        for record in (*records, *(one["contact"] for one in records if one["contact"]))
        for field, value in record.items()
        if field in SECRET
        for text in secrets(value)
    }
    with tempfile.TemporaryDirectory() as folder:
        key = key_file(Path(folder) / "key", secret)
        original, new = (("--db", str(Path(folder) / name)) for name in ("original.db", "new.db"))
        text = "\n".join(map(json.dumps, records))
        visitors("import", "-", "--input-format", "ndjson", *original, input=text, now=NOW)
        for format_ in ("csv", "tsv", "json", "ndjson"):
            arguments = ("export", "--format", format_, "--pseudonymize", str(key))
            passed_on = visitors(*arguments, *original, now=NOW).stdout
            assert [value for value in values if value in passed_on] == []
            if format_ == "ndjson":
                visitors("import", "-", "--input-format", format_, *new, input=passed_on, now=NOW)
                assert visitors("export", "--format", format_, *new, now=NOW).stdout == passed_on
        found = visitors("list", "--reverse", "--format", "json", *new, now=NOW).json
    joined = {one["id"]: one["contact"] and one["contact"]["id"] for one in found}
    stand_ins = Pseudonyms(secret)
    of_contact = {person["id"]: stand_ins.token("contact.id", person["id"]) for person in people}
    assert joined == {
        stand_ins.visitor_id(one["id"]): one["contact"] and f"c{of_contact[one['contact']['id']]}" for one in records
    }
