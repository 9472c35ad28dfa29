"""`stats`: the numbers match counts of an export in plain Python, for any selection, and people see bars."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pexpect
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visitors.domain.statistics import GROUPABLE, MOST_PERIODS
from visitors.output.statistics import duration

Visitors = Callable[..., Any]
Fill = Callable[..., None]

COMMAND = Path(sys.executable).with_name("visitors")
NOW = "2026-03-08T12:00:00.000Z"


class Made(dict[str, str]):
    """The environment of a store of 5,000 made-up visitors, and an export of it."""

    rows: list[dict[str, Any]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("stats")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VISITORS_")}
    found = Made({**environment, "VISITORS_DB": str(folder / "visitors.db"), "VISITORS_NOW": NOW, "COLUMNS": "80"})
    run(found, "seed", "--count", "5000", "--seed", "7")
    some = run(found, "list", "--limit", "30", "--format", "ids").split()
    run(found, "delete", "--yes", *some)
    found.rows = [json.loads(line) for line in run(found, "export", "--format", "ndjson").splitlines()]
    return found


def run(environment: dict[str, str], *words: str) -> str:
    """The output of the installed command."""
    done = subprocess.run([COMMAND, *words], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(environment: dict[str, str], *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(environment, "stats", *words, "--format", "json"))
    return found


def ordered(values: Iterable[Any]) -> list[tuple[Any, int]]:
    """The values with their counts, most frequent first, equal ones in order; null is last."""
    counts = Counter(values)
    return sorted(counts.items(), key=lambda one: (-one[1], one[0] is None, str(one[0])))


def expected(values: list[Any]) -> list[dict[str, Any]]:
    return [
        {"value": value, "count": count, "share": round(count / len(values), 4)} for value, count in ordered(values)
    ]


def domain(row: dict[str, Any]) -> str | None:
    email = (row["contact"] or {}).get("email")
    return email.partition("@")[2] if email else None


def plan(row: dict[str, Any]) -> Any:
    return ((row["contact"] or {}).get("metadata") or {}).get("plan")


# Everyday questions, each with the command that answers it.


def test_what_share_of_visitors_is_identified(made: Made) -> None:
    identified = sum(row["contact"] is not None for row in made.rows)
    found = next(row for row in rows(made) if row["name"] == "identified")

    assert (found["count"], found["share"]) == (identified, round(identified / len(made.rows), 4))


def test_how_many_were_seen_in_the_last_day_week_and_month(made: Made) -> None:
    since = {"1d": "2026-03-07T12:00:00.000Z", "7d": "2026-03-01T12:00:00.000Z", "30d": "2026-02-06T12:00:00.000Z"}
    found = {row["value"]: row["count"] for row in rows(made) if row["name"] == "seen"}

    assert found == {age: sum((row["lastSeenAt"] or "") >= time for row in made.rows) for age, time in since.items()}


@pytest.mark.parametrize("time", ["createdAt", "lastSeenAt", "blockedAt"])
@pytest.mark.parametrize("per", ["day", "week", "month"])
def test_how_many_are_new_per_day_week_and_month(made: Made, per: str, time: str) -> None:
    counts = Counter(period(row[time][:10], per) for row in made.rows if row[time])
    found = rows(made, "--per", per, "--time", time)

    assert [row["value"] for row in found] == sorted({*counts, *(row["value"] for row in found)})
    assert (found[0]["value"], found[-1]["value"]) == (min(counts), max(counts))
    assert {row["value"]: row["count"] for row in found if row["count"]} == counts
    assert found[0]["previous"] is found[0]["change"] is None
    for before, row in pairwise(found):
        assert row["previous"] == before["count"]
        assert row["share"] == round(row["count"] / sum(counts.values()), 4)
        difference = row["count"] - row["previous"]
        assert row["change"] == (round(difference / row["previous"], 4) if row["previous"] else None)


def period(day: str, per: str) -> str:
    if per == "month":
        return day[:7]
    return date.fromisocalendar(*date.fromisoformat(day).isocalendar()[:2], 1).isoformat() if per == "week" else day


@pytest.mark.parametrize("field", [path for path in GROUPABLE if not path.startswith("contact.")])
def test_which_countries_browsers_and_anything_else(made: Made, field: str) -> None:
    assert rows(made, "--by", field) == expected([row[field] for row in made.rows])


def test_which_people_domains_and_plans(made: Made) -> None:
    people = [row["contact"] and row["contact"]["id"] for row in made.rows]
    assert rows(made, "--by", "contact.id") == expected(people)
    assert rows(made, "--by", "contact.email") == expected(list(map(domain, made.rows)))
    assert rows(made, "--by", "contact.metadata.plan") == expected(list(map(plan, made.rows)))
    assert len(rows(made, "--by", "contact.metadata.plan")) > 2


def test_why_visitors_are_blocked_by_whom_and_from_which_addresses(made: Made) -> None:
    blocked = [row for row in made.rows if row["isBlocked"]]
    for field in ("blockReason", "blockedBy", "ip"):
        assert rows(made, "--blocked", "--by", field) == expected([row[field] for row in blocked])
        assert rows(made, "--not-blocked", "--by", field) == expected(
            [row[field] for row in made.rows if not row["isBlocked"]]
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        (["--identified"], lambda row: row["contact"]),
        (["--anonymous"], lambda row: not row["contact"]),
        (["--language", "de", "--seen-since", "60d"], lambda row: row["language"].startswith("de") and seen(row)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_same_of_some_visitors(made: Made, words: list[str], chosen: Callable[[Any], Any]) -> None:
    some = [row for row in made.rows if chosen(row)]
    overview = rows(made, *words)

    assert some
    assert overview[0] == {**overview[0], "name": "visitors", "count": len(some), "share": 1.0}
    for field in ("language", "timezone", "countryCode", "browser", "os", "deviceType"):
        of_field = [{key: row[key] for key in ("value", "count", "share")} for row in overview if row["name"] == field]
        assert of_field == expected([row[field] for row in some]) == rows(made, *words, "--by", field)
    assert rows(made, *words, "--by", "blockReason") == expected([row["blockReason"] for row in some])
    assert rows(made, *words, "--by", "contact.metadata.plan") == expected(list(map(plan, some)))
    days = Counter(row["createdAt"][:10] for row in some)
    recent = [(date(2026, 3, 8) - timedelta(days=ago)).isoformat() for ago in reversed(range(60))]
    assert [(row["value"], row["count"]) for row in overview if row["name"] == "createdAt"] == [
        (day, days[day]) for day in recent[30:]
    ]
    new = next(row for row in overview if row["name"] == "new")
    assert (new["count"], new["previous"]) == (
        sum(days[day] for day in recent[30:]),
        sum(days[day] for day in recent[:30]),
    )


def seen(row: dict[str, Any]) -> bool:
    return (row["lastSeenAt"] or "") >= "2026-01-07T12:00:00.000Z"


def test_two_fields_at_once(made: Made) -> None:
    counts = Counter((row["os"], row["blockReason"]) for row in made.rows)
    found = rows(made, "--by", "os", "--by", "blockReason")

    assert list(found[0]) == ["value", "value2", "count", "share"]
    assert {(row["value"], row["value2"]): row["count"] for row in found} == counts
    assert [row["count"] for row in found] == sorted(counts.values(), reverse=True)


# All output formats.


def test_every_format_has_one_row_for_each_group(made: Made) -> None:
    by_type = ("stats", "--by", "deviceType")
    counts = expected([row["deviceType"] for row in made.rows])
    lines = [f"{one['value']},{one['count']},{one['share']}" for one in counts]

    assert run(made, *by_type, "--format", "csv").splitlines() == ["value,count,share", *lines]
    assert run(made, *by_type).splitlines() == ["value\tcount\tshare", *(line.replace(",", "\t") for line in lines)]
    assert [json.loads(line) for line in run(made, *by_type, "--format", "ndjson").splitlines()] == counts
    assert run(made, *by_type, "--format", "count") == f"{len(counts)}\n"
    assert run(made, *by_type, "--fields", "count,value").splitlines()[1:] == [
        f"{one['count']}\t{one['value']}" for one in counts
    ]


def test_top_cuts_what_a_program_gets_and_a_table_is_cut_without_it(
    made: Made, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISITORS_DB", made["VISITORS_DB"])
    everything = rows(made, "--by", "timezone")
    assert len(everything) > 10
    assert rows(made, "--by", "timezone", "--top", "3") == everything[:3]
    assert rows(made, "--by", "timezone", "--top", "0") == everything
    assert rows(made, "--by", "contact.metadata.plan", "--top", "1") == [
        {"value": None, "count": Counter(map(plan, made.rows))[None], "share": everything_share(made)}
    ]
    table = visitors("stats", "--by", "timezone", "--format", "table", now=NOW)
    assert len(table.lines) == 2 + 10
    assert table.stderr == f"10 of {len(everything)} groups; --top 0 for all\n"
    assert visitors("stats", "--by", "os", "--format", "table", "--top", "0", now=NOW).stderr == ""


def everything_share(made: Made) -> float:
    return round(sum(plan(row) is None for row in made.rows) / len(made.rows), 4)


def screen(made: Made, *words: str, columns: int, lines: int = 24) -> list[str]:
    """The content of a terminal of this size."""
    settings = {name: value for name, value in made.items() if name not in ("COLUMNS", "LINES")}
    child: Any = pexpect.spawn(
        str(COMMAND),
        list(words),
        env={**settings, "TERM": "xterm-256color"},
        dimensions=(lines, columns),
        encoding="utf-8",
    )
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.before
    return re.sub(r"\x1b\[[0-9;]*m", "", child.before).replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (200, 50)])
def test_an_overview_fits_on_one_screen_and_uses_all_of_its_width(made: Made, columns: int, lines: int) -> None:
    found = screen(made, "stats", columns=columns, lines=lines)

    assert found[0] == "4,970 visitors"
    assert len(found) < lines
    assert columns - 2 <= max(map(len, found)) <= columns
    text = "\n".join(found)
    for heading in (
        "identified",
        "blocked",
        "seen in 24 hours",
        "new per day",
        "Languages",
        "Time zones",
        "Countries",
        "Browsers",
        "Systems",
        "Devices",
    ):
        assert heading in text


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize(
    "words", [[], ["--by", "timezone"], ["--by", "os", "--by", "country"], ["--per", "month"]], ids=" ".join
)
def test_no_line_is_longer_than_the_terminal_is_wide(made: Made, words: list[str], columns: int) -> None:
    for line in screen(made, "stats", *words, columns=columns):
        assert len(line) <= columns


def test_the_period_that_is_not_over_says_so(made: Made) -> None:
    *_, before, last = screen(made, "stats", "--per", "month", columns=80)

    assert last.startswith("2026-03")
    assert "so far" in last
    assert "so far" not in before


# Pictures.


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own, and whether it can be parsed is the question


@pytest.mark.parametrize(
    "words", [[], ["--by", "timezone"], ["--by", "os", "--by", "country"], ["--per", "day"]], ids=" ".join
)
def test_a_picture_is_small_and_well_formed(made: Made, words: list[str], tmp_path: Path) -> None:
    file = tmp_path / "picture.svg"
    assert run(made, "stats", *words, "--svg", str(file)) == ""

    root = parsed(file.read_text("utf-8"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert file.stat().st_size < 20_000
    assert {element.tag.partition("}")[2] for element in root.iter()} <= {"svg", "title", "rect", "text", "path"}
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_number_beside_the_longest_bar_is_inside_the_picture(made: Made) -> None:
    root = parsed(run(made, "stats", "--by", "timezone", "--svg", "-"))
    bars = [one.attrib for one in root.iter() if one.tag.endswith("rect") and one.get("height") == "13"]
    ends = [float(one["x"]) + float(one["width"]) for one in bars]
    assert 0 < max(ends) <= float(root.attrib["viewBox"].split()[2]) - 150


def test_a_picture_comes_with_the_numbers_on_request(made: Made, tmp_path: Path) -> None:
    file = tmp_path / "picture.svg.gz"
    by_os = ("stats", "--by", "os", "--format", "csv")
    assert run(made, *by_os, "--svg", str(file)) == run(made, *by_os)
    assert gzip.decompress(file.read_bytes()).startswith(b"<svg")
    assert run(made, "stats", "--svg", "-").endswith("</svg>\n")


def test_a_picture_never_replaces_the_store(visitors: Visitors, store_path: Path) -> None:
    visitors("create")
    before = store_path.read_bytes()
    for words in (["--svg", str(store_path)], ["--svg", f"{store_path}-wal"]):
        assert "is the store itself" in visitors("stats", *words, code=2).stderr
    assert store_path.read_bytes() == before


# Invalid input.


HOSTILE = [
    "<script>alert(1)</script>", "a&b\"'", "\x1b]52;c;cm0=\x07", "x\u202egnp", "two\nlines", "\x9b31m",
    "\ufffe\uffff]]>", "[bold]x[/]", "\U000e0041", "=cmd()",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_harmless_in_tables_and_pictures(
    visitors: Visitors, fill: Fill, text: str, tmp_path: Path
) -> None:
    contact = {"externalId": "u", "name": text, "metadata": {"plan": text}}
    fill({"id": "v", "browser": text, "os": text, "country": text, "ip": None, "contact": contact})
    visitors("block", "v", "--reason", text, "--as", text)
    for by in (["browser"], ["country", "os"], ["contact.metadata.plan"], ["blockReason"], ["blockedBy"], []):
        words = [word for name in by for word in ("--by", name)]
        picture = tmp_path / "picture.svg"
        shown = visitors("stats", *words, "--format", "table", "--svg", str(picture)).stdout
        written = picture.read_text("utf-8")
        for found in (shown, written):
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\U000e0041]", found)
            assert "two\nlines" not in found
        root = parsed(written)
        assert {element.tag.partition("}")[2] for element in root.iter()} <= {"svg", "title", "rect", "text", "path"}
        assert "]]>" not in written
    assert visitors("stats", "--by", "browser", "--format", "json").json[0]["value"] == text


def test_a_hostile_key_of_metadata_is_shown_harmless(visitors: Visitors, fill: Fill, tmp_path: Path) -> None:
    fill({"id": "v", "contact": {"externalId": "u", "metadata": {"\x1b[31m<b>": "x"}}})
    picture = tmp_path / "picture.svg"
    shown = visitors("stats", "--by", "contact.metadata.\x1b[31m<b>", "--format", "table", "--svg", str(picture)).stdout
    assert "\x1b" not in shown + picture.read_text("utf-8")
    assert "\\x1b[31m<b>" in shown
    parsed(picture.read_text("utf-8"))


def test_a_long_value_is_cut_in_a_table_and_whole_for_programs(visitors: Visitors, fill: Fill) -> None:
    fill({"id": "v", "browser": "宽" * 300})
    assert max(map(len, visitors("stats", "--by", "browser", "--format", "table").lines)) <= 100
    assert visitors("stats", "--by", "browser", "--format", "json").json[0]["value"] == "宽" * 300


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--by", "id"], "count by one of"),
        (["--by", "contact.name"], "count by one of"),
        (["--by", "contact.externalId"], "count by one of"),
        (["--by", "lang"], "did you mean language?"),
        (["--by", "contact.metadata."], "contact.metadata.KEY"),
        (["--by", "createdAt"], "use --per day --time createdAt"),
        (["--by", "os", "--by", "os"], "use one field, or two different ones"),
        (["--by", "os", "--by", "ip", "--by", "city"], "at most 2"),
        (["--by", "os", "--per", "day"], "--per"),
        (["--time", "createdAt"], "--per day"),
        (["--per", "day", "--top", "3"], "leave out --top"),
        (["--format", "ids"], "--fields value"),
        (["--svg", "-", "--format", "csv"], "name a file"),
        (["--fields", "nothing"], "the fields are name"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_invalid_options_are_refused(visitors: Visitors, words: list[str], hint: str) -> None:
    visitors("create")
    assert hint in visitors("stats", *words, code=2).stderr


def test_gaps_are_filled_but_not_without_end(visitors: Visitors, fill: Fill) -> None:
    fill({"id": "a", "createdAt": "1970-01-01"}, {"id": "b", "createdAt": "2026-01-01"})
    found = visitors("stats", "--per", "month", "--format", "json").json
    assert len(found) == 56 * 12 + 1
    assert sum(row["count"] for row in found) == 2
    refused = visitors("stats", "--per", "day", code=2)
    assert f"more than {MOST_PERIODS:,} days" in refused.stderr
    assert "--per month" in refused.stderr
    assert len(visitors("stats", "--per", "day", "--created-since", "2025-01-01", "--format", "json").json) == 1


def test_no_visitors_are_no_error(visitors: Visitors) -> None:
    visitors("create", "--id", "a")
    visitors("delete", "a", "--yes")
    for words in ([], ["--by", "os"], ["--by", "blockReason"], ["--by", "contact.email"], ["--per", "day"]):
        empty = visitors("stats", *words, "--format", "table")
        assert empty.stderr == "no visitors found\n"
    assert visitors("stats", "--by", "os", "--format", "json").json == []
    assert visitors("stats", "--deleted", "--by", "os", "--format", "json").json == [
        {"value": None, "count": 1, "share": 1.0}
    ]


def test_visitors_without_the_time_are_left_out_and_reported(visitors: Visitors, fill: Fill) -> None:
    fill({"id": "a", "lastSeenAt": "2026-01-01"}, {"id": "b"}, {"id": "c"})
    found = visitors("stats", "--per", "day", "--time", "lastSeenAt", "--format", "json")
    assert [(row["count"], row["share"]) for row in found.json] == [(1, 1.0)]
    assert found.stderr == "not counted: 2 visitors that have no such time\n"


def test_letters_of_either_case_are_one_browser_as_for_its_filter(visitors: Visitors, fill: Fill) -> None:
    fill({"id": "a", "browser": "firefox"}, {"id": "b", "browser": "Firefox"}, {"id": "c", "browser": "FIREFOX"})
    for words in ([], ["--anonymous"]):
        found = visitors("stats", *words, "--by", "browser", "--format", "json").json
        assert found == [{"value": "FIREFOX", "count": 3, "share": 1.0}]


def test_values_of_metadata_are_what_their_filter_finds(visitors: Visitors, fill: Fill) -> None:
    values: list[Any] = ["5", 5, 5.0, 5.5, True, "true", False, None, "null", "", 10**15, 0.1, "é"]
    fill(
        *({"id": f"v{n}", "contact": {"externalId": f"u{n}", "metadata": {"k": one}}} for n, one in enumerate(values)),
        {"id": "other", "contact": {"externalId": "other", "metadata": {"other": 1}}},
        {"id": "nobody-known"},
    )
    found = visitors("stats", "--by", "contact.metadata.k", "--format", "json").json
    assert {row["value"]: row["count"] for row in found} == {
        None: 3, "5": 3, "true": 2, "5.5": 1, "false": 1, "null": 1, "": 1, "1000000000000000": 1, "0.1": 1, "é": 1,
    }  # fmt: skip
    for row in found:
        if row["value"] not in (None, "null"):
            chosen = visitors("list", "--metadata", f"k={row['value']}", "--format", "count").stdout
            assert chosen == f"{row['count']}\n", row
    assert visitors("stats", "--by", "contact.metadata.k", "--format", "table", "--top", "0").lines[2].startswith("5 ")


def test_a_key_of_metadata_is_found_in_either_spelling(visitors: Visitors, fill: Fill) -> None:
    fill({"id": "v", "contact": {"externalId": "u", "metadata": {"cafe\u0301": "x"}}})
    for key in ("caf\u00e9", "cafe\u0301"):
        assert visitors("stats", "--by", f"contact.metadata.{key}", "--format", "json").json[0]["value"] == "x"


def test_keys_of_other_documents_are_counted(visitors: Visitors, fill: Fill) -> None:
    fill(
        {"id": "a", "attribution": {"source": "ad", "a.b": 1}, "currentPage": {"path": "/x"}},
        {"id": "b", "attribution": {"source": "ad", "more": {"x": [1]}}},
        {"id": "c"},
    )
    for by, counts in {
        "attribution.source": {"ad": 2, None: 1},
        "attribution.a.b": {"1": 1, None: 2},
        "attribution.more": {'{"x":[1]}': 1, None: 2},
        "currentPage.path": {"/x": 1, None: 2},
    }.items():
        found = visitors("stats", "--by", by, "--format", "json").json
        assert {row["value"]: row["count"] for row in found} == counts


VALUES = st.sampled_from([None, "de", "de-AT", "en"])
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "language": VALUES,
            "browser": st.sampled_from([None, "Firefox", "firefox", "Chrome"]),
            "isBlocked": st.booleans(),
            "createdAt": st.sampled_from(["2026-01-05T00:00:00.000Z", "2026-01-04T23:59:59.999Z", "2026-02-28"]),
            "lastSeenAt": st.sampled_from([None, "2026-03-01", "2026-03-08T11:00:00Z"]),
            "deletedAt": st.sampled_from([None, None, "2026-03-01"]),
            "person": st.sampled_from([None, None, 1, 2]),
        }
    ),
    max_size=12,
)
CHOSEN = st.lists(
    st.sampled_from(
        [
            ("--identified",), ("--blocked",), ("--language", "de"), ("--browser", "Firefox"), ("--deleted",),
            ("--created-since", "2026-01-05"), ("--seen-since", "2026-03-05"), ("--metadata", "k"), ("--search", "v1"),
        ]
    ),
    max_size=2,
    unique=True,
)  # fmt: skip
COUNTED = st.lists(
    st.sampled_from([*GROUPABLE, "contact.metadata.k", "attribution.k"]), min_size=1, max_size=2, unique=True
)


@pytest.mark.slow
@given(records=RECORDS, chosen=CHOSEN, by=COUNTED)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_groups_add_up_to_what_is_chosen(
    visitors: Visitors, tmp_path_factory: pytest.TempPathFactory, records: list[Any], chosen: list[Any], by: list[str]
) -> None:
    db = ("--db", str(tmp_path_factory.mktemp("any") / "visitors.db"))
    people = {
        n: {"externalId": f"u{n}", "email": f"p@{n}.example", "metadata": {"k": n} if n == 1 else {}} for n in (1, 2)
    }
    lines = [
        json.dumps({"id": f"v{n}", "contact": people.get(record.pop("person")), **record})
        for n, record in enumerate(map(dict, records))
    ]
    visitors("create", "--id", "nobody", *db)
    visitors("erase", "nobody", "--yes", *db)
    visitors("import", "-", "--input-format", "ndjson", *db, input="\n".join(lines), now=NOW)
    words = [word for option in chosen for word in option]
    listed = visitors("export", *words, "--format", "ndjson", *db, now=NOW).lines
    exported = [json.loads(line) for line in listed]

    found = visitors(
        "stats", *words, *(word for name in by for word in ("--by", name)), "--format", "json", *db, now=NOW
    ).json
    assert sum(row["count"] for row in found) == len(exported)
    assert [row["count"] for row in found] == sorted((row["count"] for row in found), reverse=True)
    keys = ["value", "value2"][: len(by)]
    counts = Counter(tuple(value_of(row, name) for name in by) for row in exported)
    assert {tuple(folded(row[key]) for key in keys): row["count"] for row in found} == counts

    periods = visitors("stats", *words, "--per", "week", "--format", "json", *db, now=NOW).json
    assert sum(row["count"] for row in periods) == len(exported)
    overview = visitors("stats", *words, "--format", "json", *db, now=NOW).json
    assert overview[0]["count"] == len(exported)
    assert [row["count"] for row in overview if row["name"] in ("identified", "blocked")] == [
        sum(row["contact"] is not None for row in exported), sum(row["isBlocked"] for row in exported)
    ]  # fmt: skip
    for name in ("language", "browser"):
        assert sum(row["count"] for row in overview if row["name"] == name) == len(exported)


def value_of(row: dict[str, Any], name: str) -> Any:
    if name == "contact.email":
        return domain(row)
    value: Any = row
    for key in name.split("."):
        value = (value or {}).get(key)
    return folded(str(value) if isinstance(value, int) and not isinstance(value, bool) else value)


def folded(value: Any) -> Any:
    return value.lower() if value in ("Firefox", "firefox") else value


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0s"), (59.4, "59s"), (60, "1m"), (61, "1m 1s"), (3_600, "1h"), (3_661, "1h 1m"), (90_000, "1d 1h")],
)
def test_a_duration_is_shown_in_two_units(seconds: float, told: str) -> None:
    assert duration(seconds) == told
