"""The included mappings, each with a sample of every file that it recognises."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from visitors import open_store
from visitors.domain.times import parse_instant
from visitors.errors import Conflict, InvalidData
from visitors.input.mapping_files import READY_MADE, read_mapping

Visitors = Callable[..., Any]

FOLDER = Path(__file__).parents[1] / "examples" / "mappings"
COMMANDS = {
    "visitors": ("import",),
    "contacts": ("contacts", "import"),
    "conversations": ("conversations", "import"),
}
SAMPLES = {
    "cossistant-visitors.json": ("visitors", "cossistant visitors"),
    "cossistant-contacts.json": ("contacts", "cossistant contacts"),
    "cossistant-conversations.json": ("conversations", "cossistant conversations"),
    "cossistant-timeline.json": ("conversations", "cossistant timeline items"),
    "chatwoot-contacts.json": ("contacts", "chatwoot contacts"),
    "chatwoot-conversations.json": ("conversations", "chatwoot conversations"),
    "intercom-contacts.json": ("contacts", "intercom contacts of the API"),
    "intercom-contacts.csv": ("contacts", "intercom contacts of a warehouse"),
    "intercom-conversations.json": ("conversations", "intercom conversations of the API"),
    "intercom-conversations.csv": ("conversations", "intercom conversations of a warehouse"),
    "intercom-parts.csv": ("conversations", "intercom conversation parts of a warehouse"),
    "posthog-events.ndjson": ("visitors", "posthog events"),
    "posthog-persons.json": ("contacts", "posthog persons"),
    "segment-calls.ndjson": ("visitors", "segment calls"),
    "snowplow-events.csv": ("visitors", "snowplow events"),
    "zendesk-users.json": ("contacts", "zendesk users"),
    "zendesk-tickets.json": ("conversations", "zendesk tickets"),
    "zendesk-tickets.csv": ("conversations", "zendesk tickets"),
    "zendesk-comments.csv": ("conversations", "zendesk ticket comments"),
}
NEEDS = {"intercom-parts.csv": "intercom-conversations.csv"}
"""A file that has no meaning without another one."""
each_sample = pytest.mark.parametrize("sample", SAMPLES)


def test_every_file_that_a_ready_made_mapping_knows_has_a_sample() -> None:
    known = {part.name for name in READY_MADE for part in read_mapping(name)}
    assert known == {told for _, told in SAMPLES.values()}
    assert {path.name for path in FOLDER.iterdir()} == set(SAMPLES)


def exported(visitors: Visitors) -> str:
    """Everything in the store, as one text."""
    talks = visitors("conversations", "list", "--format", "ids").lines
    pages = visitors("conversations", "show", *talks, "--format", "json").json if talks else []
    ids = visitors("contacts", "list", "--format", "ids").lines
    people = visitors("contacts", "show", *ids, "--format", "json").json if ids else []
    return json.dumps([visitors("export", "--format", "json").json, people, pages], ensure_ascii=False)


@each_sample
def test_a_sample_is_recognised_and_comes_in_once(visitors: Visitors, sample: str) -> None:
    kind, told = SAMPLES[sample]
    command = (*COMMANDS[kind], str(FOLDER / sample))
    if sample in NEEDS:
        visitors(*COMMANDS[kind], str(FOLDER / NEEDS[sample]))
    answer = visitors(*command)
    assert f"{sample} is read as {told}; --mapping none turns this off" in answer.stderr
    visitors("db", "check", "--quiet")
    before = exported(visitors), visitors("history", "--format", "count").stdout
    again = visitors(*command, "--mapping", told.split()[0])
    assert "created" not in again.stderr.replace("0 created", "")
    assert (exported(visitors), visitors("history", "--format", "count").stdout) == before
    others = [words for noun, words in COMMANDS.items() if noun != kind]
    for words in others:
        refused = visitors(*words, str(FOLDER / sample), code=5)
        assert f"the file contains {kind}, not " in refused.stderr
        assert f"hint: visitors {' '.join(COMMANDS[kind][: 1 if kind == 'visitors' else 2])} FILE" in refused.stderr


@each_sample
def test_every_value_is_stored_or_metadata_or_listed_as_dropped(visitors: Visitors, sample: str) -> None:
    kind, told = SAMPLES[sample]
    for name in (NEEDS.get(sample, sample), sample):
        visitors(*COMMANDS[kind], str(FOLDER / name))
    stored = exported(visitors)
    parts = [part for part in read_mapping(told.split()[0]) if part.name == told]
    lines = visitors(
        *COMMANDS[kind], str(FOLDER / sample), "--explain-mapping", "--fields", "row,column,value,outcome,field,result",
        "--format", "json",
    ).json  # fmt: skip
    assert {line["outcome"] for line in lines} <= {"field", "metadata", "dropped", "constant"}
    skipped = {line["row"] for line in lines if line["column"] == "type" and line["value"] == "group"}
    skipped |= {line["row"] for line in lines if line["column"] == "public" and line["value"] == "FALSE"}
    skipped |= {line["row"] for line in lines if line["column"] == "type" and line["value"] == "event"}
    last = max(line["row"] for line in lines if line["row"] not in skipped)
    for line in lines:
        if line["outcome"] == "dropped" or line["row"] != last:
            continue
        for value in leaves(line["result"]):
            assert shown_in(value, stored), line
    assert len(parts) == 1


@pytest.mark.parametrize("delimiter", [";", "|", "\t"])
def test_a_table_is_known_whatever_separates_its_cells(visitors: Visitors, tmp_path: Path, delimiter: str) -> None:
    with (FOLDER / "intercom-contacts.csv").open(newline="") as sample, (tmp_path / "a.csv").open("w") as table:
        csv.writer(table, delimiter=delimiter).writerows(csv.reader(sample))
    answer = visitors("contacts", "import", str(tmp_path / "a.csv"))
    assert "is read as intercom contacts of a warehouse" in answer.stderr
    told = visitors("contacts", "list", "--format", "json").json
    visitors("contacts", "import", str(FOLDER / "intercom-contacts.csv"))
    assert visitors("contacts", "list", "--format", "json").json == told


@pytest.mark.parametrize("is_current_first", [True, False])
def test_of_a_table_of_history_only_the_current_version_of_a_contact_is_taken(
    visitors: Visitors,
    tmp_path: Path,
    is_current_first: bool,  # noqa: FBT001
) -> None:
    header, current = (FOLDER / "intercom-contacts.csv").read_text(encoding="utf-8").splitlines()
    earlier = current.replace("2026-01-06 09:00:00,TRUE", "2026-01-05 10:00:00,FALSE").replace("Ken", "Ben")
    assert earlier != current
    versions = [current, earlier] if is_current_first else [earlier, current]
    (tmp_path / "history.csv").write_text("\n".join([header, *versions, ""]), encoding="utf-8")
    done = visitors("contacts", "import", str(tmp_path / "history.csv"))
    assert "1 created" in done.stderr
    assert "1 blank" in done.stderr
    [contact] = visitors("contacts", "list", "--format", "json").json
    assert contact["name"] == "Ken"


def test_of_a_table_of_history_only_the_current_version_of_a_user_is_taken(visitors: Visitors, tmp_path: Path) -> None:
    user = json.loads((FOLDER / "zendesk-users.json").read_text(encoding="utf-8"))["users"][0]
    versions = [{**user, "_fivetran_active": is_active, "name": str(is_active)} for is_active in (True, False)]
    (tmp_path / "history.ndjson").write_text("\n".join(map(json.dumps, versions)), encoding="utf-8")
    visitors("contacts", "import", str(tmp_path / "history.ndjson"))
    assert [one["name"] for one in visitors("contacts", "list", "--format", "json").json] == ["True"]


def test_words_that_are_nothing_are_so_before_a_mapping_reads_them(visitors: Visitors, tmp_path: Path) -> None:
    mapping = tmp_path / "shop.yaml"
    mapping.write_text(
        "version: 1\nname: shop\ncontacts:\n  recognise: [no]\n  fields:\n    externalId: no\n"
        "    name: [shown, full]\n    createdAt: {from: since, time: seconds}\n"
    )
    rows = "no^shown^full^since\n7^N/A^J\xf6rg^N/A\n".encode("windows-1252")
    options = ("--mapping", str(mapping), "--delimiter", "^", "--null", "N/A", "--encoding", "windows-1252")
    visitors("contacts", "import", "-", *options, input=rows)
    (found,) = visitors("contacts", "list", "--format", "json").json
    assert (found["externalId"], found["name"]) == ("7", "J\xf6rg")


def events(*rows: tuple[str, str, str]) -> str:
    """Events as Segment has them: of which browser and person, and when."""
    return "".join(
        json.dumps({"messageId": f"m{number}", "type": "track", "context": {}, "anonymousId": browser,
                    "userId": person, "timestamp": at}) + "\n"
        for number, (browser, person, at) in enumerate(rows)
    )  # fmt: skip


EVENTS = events(("b1", "ada", "2026-01-01"), ("b1", "ada", "2026-01-02"), ("b1", "ben", "2026-01-03"))


def test_a_mapping_of_events_takes_a_browser_in_many_rows_and_of_several_people(visitors: Visitors) -> None:
    first = visitors("import", "-", "--input-format", "ndjson", input=EVENTS)
    assert "segment calls are imported with --on-existing update --relink; other options override this" in first.stderr
    (found,) = visitors("list", "--format", "json").json
    assert (found["id"], found["contact"]["externalId"]) == ("b1", "ben")
    before = exported(visitors)
    assert "created" not in visitors("import", "-", "--input-format", "ndjson", input=EVENTS).stderr
    assert exported(visitors) == before


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--on-existing", "error"), "line 2: visitor b1 already exists"),
        (("--no-relink",), "line 3: the visitor is already linked to contact"),
    ],
)
def test_an_option_goes_before_what_the_mapping_chooses(
    visitors: Visitors, options: tuple[str, ...], told: str
) -> None:
    refused = visitors("import", "-", "--input-format", "ndjson", *options, input=EVENTS, code=4)
    assert told in refused.stderr
    assert f"imported with {options[0]}" not in refused.stderr
    skipped = visitors("import", "-", "--input-format", "ndjson", "--on-existing", "skip", "--relink", input=EVENTS)
    assert "imported with" not in skipped.stderr
    assert "1 created, 2 skipped" in skipped.stderr


def test_the_same_holds_from_python(tmp_path: Path) -> None:
    (tmp_path / "calls.ndjson").write_text(EVENTS)
    with open_store(":memory:") as store:
        assert store.import_(tmp_path / "calls.ndjson").created == 1
        with pytest.raises(Conflict):
            store.import_(tmp_path / "calls.ndjson", on_existing="error")
        assert store.import_(tmp_path / "calls.ndjson", on_existing="skip").skipped == 3


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)
    elif value not in (None, ""):
        yield value


def shown_in(value: Any, stored: str) -> bool:
    forms = {json.dumps(value, ensure_ascii=False), json.dumps(str(value), ensure_ascii=False)}
    if value in ("TRUE", "FALSE"):
        forms.add(str(value).lower())
    with suppress(InvalidData):
        forms.add(json.dumps(parse_instant(str(value), "it")))
    with suppress(TypeError, ValueError):
        forms.add(str(float(value)))
    return any(form in stored for form in forms)
