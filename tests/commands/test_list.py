from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Visitors = Callable[..., Any]
Fill = Callable[..., None]

NOW = "2026-03-10T00:00:00.000Z"


@pytest.fixture
def store(fill: Fill) -> None:
    """Six visitors, one of them deleted, that differ in every selectable property."""
    fill(
        {
            "id": "ada-laptop", "language": "en", "timezone": "Europe/London", "countryCode": "GB",
            "browser": "Firefox", "os": "Linux", "deviceType": "desktop", "ip": "192.0.2.1", "fingerprint": "fp-1",
            "createdAt": "2026-01-01", "lastSeenAt": NOW,
            "contact": {"id": "ADA", "externalId": "user_1", "email": "ada@example.com", "name": "Ada Lovelace",
                        "metadata": {"plan": "pro", "seats": 5, "vip": True, "note": None, "blank": ""}},
        },
        {
            "id": "ada-phone", "language": "en-US", "timezone": "America/New_York", "countryCode": "US",
            "browser": "Safari", "os": "iOS", "deviceType": "mobile", "ip": "192.0.2.2", "createdAt": "2026-02-01",
            "lastSeenAt": "2026-03-09", "contact": {"id": "ADA"},
        },
        {
            "id": "bob", "language": "eng", "timezone": "Europe/Berlin", "countryCode": "DE", "browser": "Chrome",
            "os": "Windows", "deviceType": "tablet", "ip": "2001:db8::1", "createdAt": "2026-03-01",
            "lastSeenAt": "2026-03-01", "isBlocked": True, "blockedAt": "2026-03-09T23:30:00Z", "blockedBy": "jo",
            "blockReason": "Spam: 100% cards",
            "contact": {"id": "BOB", "email": "bob@example.com", "metadata": {"plan": "free", "seats": "5"}},
        },
        {"id": "stranger", "language": "de", "deviceType": "unknown", "createdAt": "2026-03-09T12:00:00Z"},
        {"id": "nobody", "createdAt": "2026-03-10"},
        {"id": "deleted", "language": "en", "createdAt": "2026-01-01", "deletedAt": "2026-02-01", "lastSeenAt": NOW},
    )  # fmt: skip


SELECTIONS: dict[str, set[str]] = {
    "": {"ada-laptop", "ada-phone", "bob", "stranger", "nobody"},
    "--identified": {"ada-laptop", "ada-phone", "bob"},
    "--anonymous": {"stranger", "nobody"},
    "--blocked": {"bob"},
    "--not-blocked": {"ada-laptop", "ada-phone", "stranger", "nobody"},
    "--language en": {"ada-laptop", "ada-phone"},
    "--language EN-us": {"ada-phone"},
    "--language eng": {"bob"},
    "--language fr": set(),
    "--timezone Europe/Berlin": {"bob"},
    "--country-code us": {"ada-phone"},
    "--device-type MOBILE": {"ada-phone"},
    "--device-type unknown": {"stranger"},
    "--browser firefox": {"ada-laptop"},
    "--browser fire": set(),
    "--os WINDOWS": {"bob"},
    "--ip 192.0.2.1": {"ada-laptop"},
    "--ip 2001:DB8:0::1": {"bob"},
    "--ip 192.0.2.0/24": {"ada-laptop", "ada-phone"},
    "--ip 192.0.2.2/31": {"ada-phone"},
    "--ip 2001:db8::/32": {"bob"},
    "--ip 2001:db8::/64 --ip 192.0.2.1": {"bob", "ada-laptop"},
    "--ip ::ffff:192.0.2.0/126": {"ada-laptop", "ada-phone"},
    "--ip 0.0.0.0/0": {"ada-laptop", "ada-phone"},
    "--fingerprint fp-1": {"ada-laptop"},
    "--fingerprint FP-1": set(),
    "--email-domain EXAMPLE.com": {"ada-laptop", "ada-phone", "bob"},
    "--email-domain @example.com --not-blocked": {"ada-laptop", "ada-phone"},
    "--email-domain ample.com": set(),
    "--email-domain www.example.com": set(),
    "--blocked-since 1h": {"bob"},
    "--blocked-since 29m": set(),
    "--blocked-until 29m": {"bob"},
    "--blocked-since 2026-03-09 --blocked-until 2026-03-10": {"bob"},
    "--blocked-by jo": {"bob"},
    "--blocked-by JO": set(),
    "--block-reason spam": {"bob"},
    "--block-reason %": {"bob"},
    "--block-reason _": set(),
    "--block-reason fraud --block-reason CARDS --blocked": {"bob"},
    "--updated-since 2020-01-01": {"ada-laptop", "ada-phone", "bob", "stranger", "nobody"},
    "--updated-until 2020-01-01": set(),
    "--contact ADA": {"ada-laptop", "ada-phone"},
    "--contact bob@example.com": {"bob"},
    "--contact ext:user_1": {"ada-laptop", "ada-phone"},
    "--created-since 2026-02-01": {"ada-phone", "bob", "stranger", "nobody"},
    "--created-since 2026-02-01T00:00:00.001Z": {"bob", "stranger", "nobody"},
    "--created-since 2026-02-01T01:00:00+01:00": {"ada-phone", "bob", "stranger", "nobody"},
    "--created-since 24h": {"stranger", "nobody"},
    "--created-until 2026-02-01": {"ada-laptop"},
    "--created-until 2026-02-01T00:00:00.001Z": {"ada-laptop", "ada-phone"},
    "--created-since 2026-02-01 --created-until 2026-03-02": {"ada-phone", "bob"},
    "--created-since 2026-02-01 --created-until 2026-02-01": set(),
    "--seen-since 1d": {"ada-laptop", "ada-phone"},
    "--seen-since 2026-03-09T00:00:00.001Z": {"ada-laptop"},
    "--seen-until 1d": {"bob"},
    "--seen-until 2026-03-10": {"ada-phone", "bob"},
    "--never-seen": {"stranger", "nobody"},
    "--metadata plan": {"ada-laptop", "ada-phone", "bob"},
    "--metadata note": {"ada-laptop", "ada-phone"},
    "--metadata nothing": set(),
    "--metadata plan=pro": {"ada-laptop", "ada-phone"},
    "--metadata plan=PRO": set(),
    "--metadata seats=5": {"ada-laptop", "ada-phone", "bob"},
    "--metadata vip=true": {"ada-laptop", "ada-phone"},
    "--metadata vip=1": set(),
    "--metadata note=null": {"ada-laptop", "ada-phone"},
    "--metadata blank=": {"ada-laptop", "ada-phone"},
    "--metadata plan!=pro": {"bob", "stranger", "nobody"},
    "--metadata plan --metadata plan!=pro": {"bob"},
    "--metadata plan=pro --metadata plan=free": {"ada-laptop", "ada-phone", "bob"},
    "--metadata plan=pro --metadata seats=5": {"ada-laptop", "ada-phone"},
    "--metadata plan=free --metadata vip=true": set(),
    "--metadata plan!=pro --metadata plan!=free": {"stranger", "nobody"},
    "--browser firefox --browser fire": {"ada-laptop"},
    "--ip 192.0.2.1 --ip 2001:DB8:0::1": {"ada-laptop", "bob"},
    "--ip 192.0.2.1 --ip 2001:DB8:0::1 --os windows": {"bob"},
    "--contact ADA --contact bob@example.com": {"ada-laptop", "ada-phone", "bob"},
    "--contact ADA --contact ext:user_1": {"ada-laptop", "ada-phone"},
    "--search user_1 --search body --search body": {"ada-laptop", "ada-phone", "nobody"},
    "--search LOVELACE": {"ada-laptop", "ada-phone"},
    "--search example.com": {"ada-laptop", "ada-phone", "bob"},
    "--search user_1": {"ada-laptop", "ada-phone"},
    "--search=-phone": {"ada-phone"},
    "--search body": {"nobody"},
    "--search %": set(),
    "--search a_a": set(),
    "--search Firefox": set(),
    "--deleted": {"deleted"},
    "--deleted --language en": {"deleted"},
    "--deleted --language de": set(),
    "--identified --not-blocked --language en --device-type mobile": {"ada-phone"},
}


@pytest.mark.parametrize("written", ["caf\u00e9", "cafe\u0301"])
@pytest.mark.parametrize("sought", ["caf\u00e9", "cafe\u0301"])
def test_metadata_are_found_in_either_spelling_and_stay_as_they_came(
    visitors: Visitors, written: str, sought: str
) -> None:
    visitors("create", "--id", "a")
    visitors("create", "--id", "b")
    visitors("identify", "a", "--external-id", "u1", "--metadata", f"{written}={written}")

    for selection, expected in [
        ((sought,), ["a"]),
        ((f"{sought}={sought}",), ["a"]),
        ((f"{sought}!={sought}",), ["b"]),
        ((f"{sought}=x", f"{written}={sought}"), ["a"]),
    ]:
        options = [word for one in selection for word in ("--metadata", one)]
        assert visitors("list", *options, "--format", "ids").lines == expected
    assert visitors("contacts", "show", "ext:u1", "--format", "json").json["metadata"] == {written: written}


@pytest.mark.usefixtures("store")
def test_each_selection_chooses_what_it_should_and_only_that(visitors: Visitors) -> None:
    wrong = {}
    for selection, expected in SELECTIONS.items():
        arguments = selection.split()
        found = visitors("list", *arguments, "--format", "ids", now=NOW).lines
        counted = visitors("list", *arguments, "--format", "count", now=NOW).stdout
        up_to = visitors("list", *arguments, "--format", "count", "--limit", "1", now=NOW).stdout
        if set(found) != expected or len(found) != len(expected) or counted != f"{len(expected)}\n":
            wrong[selection] = found
        assert up_to == f"{min(1, len(expected))}\n"
    assert wrong == {}


@pytest.mark.parametrize(
    "words",
    [
        f"{words} {{}}"
        for words in (
            "list --limit", "history --limit", "contacts list --limit", "export --limit",
            "conversations list --limit", "assert --count", "assert --min", "assert --max", "seed --count",
        )
    ],
)  # fmt: skip
@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 10**4000], ids=["last", "first beyond", "long"])
def test_a_number_that_no_store_counts_to_is_refused_with_the_limit(
    visitors: Visitors, words: str, number: int
) -> None:
    refused = visitors(*words.format(number).split(), code=2).stderr
    assert "1000000000000000000" in refused


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("cursor", ["", " "])
@pytest.mark.parametrize("command", ["list", "export", "contacts list", "conversations list", "history"])
@pytest.mark.parametrize("options", ["", "--limit 1", "--format count", "--format ids --limit 0"])
def test_an_empty_cursor_differs_from_none(visitors: Visitors, command: str, cursor: str, options: str) -> None:
    assert "empty" in visitors(*command.split(), "--after", cursor, *options.split(), code=2).stderr


@pytest.mark.usefixtures("store")
def test_without_a_header_its_ids_can_be_passed_on(visitors: Visitors) -> None:
    rows = visitors("list", "--fields", "id", "--browser", "firefox", "--no-header")
    assert rows.lines == ["ada-laptop"]
    assert visitors("block", "-", input=rows.stdout).lines == ["ada-laptop"]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("command", ["list", "export", "contacts list", "history"])
def test_without_a_header_only_the_header_is_missing(visitors: Visitors, command: str) -> None:
    for format_ in ("csv", "tsv", "json", "ndjson", "ids", "count", "table"):
        if (command, format_) == ("export", "table"):
            continue
        whole = visitors(*command.split(), "--format", format_, now=NOW).stdout
        expected = whole.split("\n", 1)[1] if format_ in ("csv", "tsv") else whole
        assert visitors("--no-header", *command.split(), "--format", format_, now=NOW).stdout == expected
    assert visitors("list", "--no-header", "--search", "nobody at all").stdout == ""


@pytest.mark.usefixtures("store")
def test_the_largest_number_is_taken(visitors: Visitors) -> None:
    assert len(visitors("list", "--limit", str(10**18), "--format", "ids").lines) == 5
    visitors("assert", "--max", str(10**18))


def test_more_filters_than_the_store_takes_at_once_are_refused_with_the_limit(visitors: Visitors) -> None:
    visitors("create")

    def given(count: int, option: str = "--metadata", value: str = "k{}=v") -> list[str]:
        return [word for number in range(count) for word in (option, value.format(number))]

    for words in (given(100), given(100, value="k={}"), given(100, "--search", "text {}")):
        assert visitors("list", *words, "--format", "ids", "--limit", "5").lines == []
        assert visitors("list", *words, "--format", "count", "--sort", "language").stdout == "0\n"
    for words in (given(101), given(1_100), given(1_100, "--search"), [*given(60), *given(60, "--browser")]):
        refused = visitors("list", *words, "--format", "json", code=2).error
        assert "too many" in refused["message"]
        assert "at most 100" in refused["hint"]


@pytest.mark.usefixtures("store")
def test_each_selection_chooses_the_same_for_export_and_for_commands_that_change(visitors: Visitors) -> None:
    for selection, expected in SELECTIONS.items():
        arguments = selection.split()
        exported = visitors("export", *arguments, "--format", "ids", now=NOW).lines
        assert set(exported) == expected, selection
        if selection:
            changed = visitors("delete", *arguments, "--dry-run", now=NOW).lines
            assert set(changed) == expected, selection


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--language", "not a tag"], 5),
        (["--timezone", "Mars"], 5),
        (["--country-code", "DEU"], 5),
        (["--ip", "1.2.3"], 5),
        (["--device-type", "fridge"], 2),
        (["--created-since", "the day before"], 5),
        (["--seen-until", "3 fortnights"], 5),
        (["--created-since", ""], 5),
        (["--search", " "], 5),
        (["--contact", ""], 5),
        (["--contact", "nobody@example.com"], 3),
        (["--metadata", "=x"], 5),
        (["--never-seen", "--seen-since", "1d"], 2),
        (["--sort", "city"], 2),
        (["--limit", "-1"], 2),
        (["--limit", "many"], 2),
        (["--after", "no-such-id"], 3),
        (["--fields", "nonsense"], 2),
        (["--fields", ""], 2),
        (["--format", "xml"], 2),
        (["bob"], 2),
    ],
)
def test_invalid_options_are_refused_and_list_nothing(visitors: Visitors, arguments: list[str], code: int) -> None:
    refused = visitors("list", *arguments, code=code)
    assert refused.stdout == ""
    assert refused.stderr.startswith("error: ")


@pytest.mark.usefixtures("store")
def test_an_ambiguous_contact_in_a_selection_is_a_conflict(visitors: Visitors, fill: Fill) -> None:
    fill({"id": "another", "contact": {"id": "ADALBERT"}})
    assert visitors("list", "--contact", "AD", "--format", "json", code=4).error["code"] == "ambiguous"


@pytest.mark.usefixtures("store")
def test_last_seen_first_and_never_seen_last_in_every_format(visitors: Visitors) -> None:
    order = ["ada-laptop", "ada-phone", "bob", "nobody", "stranger"]  # the last two the newer first
    assert visitors("list", "--format", "ids").lines == order
    assert visitors("list", "--reverse", "--format", "ids").lines == order[::-1]
    assert [one["id"] for one in visitors("list", "--format", "json").json] == order
    assert [line.split()[0] for line in visitors("list", "--format", "table").lines[1:]] == order
    assert walked(visitors, 2, "list") == order
    assert walked(visitors, 2, "list", "--reverse") == order[::-1]
    visitors("track", "--id", "stranger")
    assert visitors("list", "--format", "ids").lines[0] == "stranger"
    assert [one["id"] for one in visitors("export", "--format", "json").json][:2] == ["ada-laptop", "ada-phone"]


# field -> the ids in order, ties and nulls in creation order
SORTED = {
    "id": ["ada-laptop", "ada-phone", "bob", "nobody", "stranger"],
    "language": ["nobody", "stranger", "ada-laptop", "ada-phone", "bob"],
    "timezone": ["stranger", "nobody", "ada-phone", "bob", "ada-laptop"],
    "browser": ["stranger", "nobody", "bob", "ada-laptop", "ada-phone"],
    "os": ["stranger", "nobody", "ada-phone", "ada-laptop", "bob"],
    "deviceType": ["nobody", "ada-laptop", "ada-phone", "bob", "stranger"],
    "countryCode": ["stranger", "nobody", "bob", "ada-laptop", "ada-phone"],
    "createdAt": ["nobody", "stranger", "bob", "ada-phone", "ada-laptop"],
    "updatedAt": ["nobody", "stranger", "bob", "ada-phone", "ada-laptop"],
    "lastSeenAt": ["ada-laptop", "ada-phone", "bob", "nobody", "stranger"],
}


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("field", SORTED)
def test_sort_by_each_field_and_reverse(visitors: Visitors, field: str) -> None:
    assert visitors("list", "--sort", field, "--format", "ids").lines == SORTED[field]
    assert visitors("list", "--sort", field, "--reverse", "--format", "ids").lines == SORTED[field][::-1]


@pytest.mark.usefixtures("store")
def test_a_field_that_cannot_be_sorted_by_lists_those_that_can(visitors: Visitors) -> None:
    refused = visitors("list", "--sort", "city", "--format", "json", code=2)
    assert refused.error["code"] == "unknown_field"
    assert all(field in refused.error["hint"] for field in SORTED)


@pytest.mark.usefixtures("store")
def test_limit_cuts_and_zero_does_not(visitors: Visitors) -> None:
    assert visitors("list", "--limit", "2", "--format", "ids").lines == ["ada-laptop", "ada-phone"]
    assert len(visitors("list", "--limit", "0", "--format", "ids").lines) == 5
    assert len(visitors("list", "--limit", "99", "--format", "ids").lines) == 5


def test_a_table_is_cut_at_50_and_says_so_and_machine_formats_are_not(visitors: Visitors, fill: Fill) -> None:
    fill(*({"id": f"v{number:03}"} for number in range(60)))
    table = visitors("list", "--format", "table")
    assert len(table.lines) == 51
    assert "50 of 60" in table.stderr
    assert "--limit 0 for all" in table.stderr
    assert len(visitors("list", "--format", "table", "--limit", "0").lines) == 61
    piped = visitors("list")
    assert (len(piped.lines), piped.stderr) == (61, "")


def test_what_a_table_leaves_out_is_counted_only_so_far(
    visitors: Visitors, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visitors.commands.listing.COUNT_LIMIT", 4)
    fill(*({"id": id_} for id_ in "abcd"))
    assert "2 of 4 visitors; " in visitors("list", "--format", "table", "--limit", "2").stderr
    fill({"id": "e", "contact": {"id": "C"}})
    assert "2 of more than 4 visitors; " in visitors("list", "--format", "table", "--limit", "2").stderr
    assert visitors("list", "--format", "count").stdout == "5\n"


def test_an_empty_listing_is_no_error(visitors: Visitors, anonymous: str) -> None:
    visitors("delete", anonymous)
    assert visitors("list", "--format", "json").json == []
    assert visitors("list", "--format", "ndjson").stdout == ""
    assert visitors("list", "--format", "count").stdout == "0\n"
    assert visitors("list", "--format", "count", "--after", anonymous).stdout == "0\n"
    assert visitors("list", "--fields", "id").stdout == "id\n"
    assert "no visitors found" in visitors("list", "--format", "table").stderr


def test_a_store_that_was_named_and_is_not_there_is_an_error_and_is_not_made(
    visitors: Visitors, store_path: Path
) -> None:
    assert visitors("list", "--format", "json", code=6).error["code"] == "store_missing"
    assert not store_path.exists()


@pytest.mark.usefixtures("store")
def test_the_formats_tell_the_same(visitors: Visitors) -> None:
    records = visitors("list", "--format", "json").json
    assert [json.loads(line) for line in visitors("list", "--format", "ndjson").lines] == records
    tsv = [line.split("\t") for line in visitors("list", "--fields", "id,contact.metadata.plan").lines]
    assert tsv == [["id", "contact.metadata.plan"]] + [
        [one["id"], ((one["contact"] or {}).get("metadata") or {}).get("plan", "")] for one in records
    ]
    csv = visitors("list", "--fields", "id,contact.metadata", "--search", "bob", "--format", "csv").stdout
    assert csv == 'id,contact.metadata\nbob,"{""plan"":""free"",""seats"":""5""}"\n'


@pytest.mark.usefixtures("store")
def test_after_an_id_that_the_selection_does_not_choose_still_is_a_place(visitors: Visitors) -> None:
    words = ("list", "--anonymous", "--after", "bob", "--format", "ids")
    assert visitors(*words).lines == ["nobody", "stranger"]
    assert visitors(*words, "--reverse").lines == []
    assert visitors(*words, "--sort", "createdAt").lines == []
    assert visitors(*words, "--sort", "createdAt", "--reverse").lines == ["stranger", "nobody"]


def walked(visitors: Visitors, limit: int, *arguments: str) -> list[str]:
    """The ids of all pages, in order."""
    found: list[str] = []
    while True:
        after = ["--after", found[-1]] if found else []
        page = visitors(*arguments, "--limit", str(limit), *after, "--format", "ids").lines
        assert len(page) <= limit
        if not page:
            return found
        found += page


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "language": st.sampled_from(["de", "en", "en-US"]),
        "browser": st.sampled_from(["Chrome", "chrome", "Firefox"]),
        "createdAt": st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-03"]),
        "lastSeenAt": st.sampled_from(["2026-02-01", "2026-02-02"]),
    },
)


# the fixture only runs the command: each example has its own store
@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(VALUES, min_size=1, max_size=9), limit=st.integers(1, 4), numbers=st.randoms())
def test_all_pages_together_are_the_listing(
    visitors: Visitors, records: list[dict[str, str]], limit: int, numbers: Any
) -> None:
    ids = [f"v{number}" for number in range(len(records))]
    numbers.shuffle(ids)
    text = "\n".join(json.dumps({**record, "id": one}) for record, one in zip(records, ids, strict=True))
    with tempfile.TemporaryDirectory() as folder:
        store = ("--db", str(Path(folder, "store.db")))
        visitors("import", "-", "--input-format", "ndjson", *store, input=text)
        for field in ("", "id", "language", "browser", "createdAt", "lastSeenAt"):
            for direction in ((), ("--reverse",)):
                listing = ("list", *store, *(("--sort", field) if field else ()), *direction)
                whole = visitors(*listing, "--format", "ids").lines
                assert sorted(whole) == sorted(ids)
                assert walked(visitors, limit, *listing) == whole


def test_a_field_that_was_asked_for_has_its_column_even_if_it_is_empty(visitors: Visitors, fill: Fill) -> None:
    fill({"id": "a"}, {"id": "b"})
    table = visitors("list", "--fields", "id,city,contact.email", "--format", "table")
    assert table.lines[0].split() == ["id", "city", "contact.email"]
    assert "city" not in visitors("list", "--format", "table").lines[0].lower()


@pytest.mark.parametrize(("after", "says_more"), [(None, True), ("e", True), ("d", True), ("c", False), ("b", False)])
def test_only_a_page_with_another_one_behind_it_says_that_there_is_more(
    visitors: Visitors, fill: Fill, after: str | None, *, says_more: bool
) -> None:
    fill(*({"id": id_} for id_ in "abcde"))
    page = visitors("list", "--format", "table", "--limit", "2", *(("--after", after) if after else ()))
    assert ("--limit 0 for all" in page.stderr) is says_more


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("n=1e21", True),
        ("n=1E+21", True),
        ("k=5", True),
        ("k=5.0", True),
        ("k=6", False),
        ("t=1", False),
        ("s=5", True),
    ],
)
def test_a_number_in_metadata_is_found_however_it_is_written(
    visitors: Visitors, fill: Fill, wanted: str, *, found: bool
) -> None:
    fill({"id": "v", "contact": {"id": "C", "metadata": {"n": 1e21, "k": 5.0, "t": True, "s": "5"}}})
    assert visitors("list", "--metadata", wanted, "--format", "ids").lines == (["v"] if found else [])


@pytest.mark.parametrize("asked", ["Asia/Calcutta", "Asia/Kolkata"])
def test_a_time_zone_is_found_by_any_of_its_names_and_stays_as_it_came(visitors: Visitors, asked: str) -> None:
    for id_, zone in (("old", "Asia/Calcutta"), ("new", "Asia/Kolkata"), ("no", "Asia/Tokyo")):
        visitors("create", "--id", id_, "--timezone", zone)
    for words in (["list", "--sort", "id", "--reverse"], ["list", "--sort", "timezone"], ["export"]):
        found = visitors(*words, "--timezone", asked, "--format", "json").json
        assert [(one["id"], one["timezone"]) for one in found] == [("old", "Asia/Calcutta"), ("new", "Asia/Kolkata")]
    assert visitors("list", "--timezone", asked, "--format", "count").stdout == "2\n"
    visitors("delete", "--timezone", asked, "--yes")
    assert visitors("list", "--format", "ids").lines == ["no"]
