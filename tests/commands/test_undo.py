"""`visitors undo`: any operation can be undone and redone, or the error names what prevents it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]

RECORDS = ("visitor", "contact", "block", "conversation", "message")


def records(visitors: Visitors) -> list[str]:
    """The lines of a dump that are records, not history."""
    told = visitors("db", "dump", "-o", "-").stdout.splitlines()
    return [line for line in told if line.startswith(tuple(f'{{"type":"{kind}"' for kind in RECORDS))]


def newest(visitors: Visitors) -> Any:
    return visitors("history", "--limit", "1", "--format", "json").json[0]


@pytest.fixture
def people(visitors: Visitors) -> None:
    """Two people: Ada with two devices, and Bea, who writes."""
    visitors("create", "--id", "laptop", "--latitude", "51.507400000000004")
    visitors("track", "--id", "phone", "--fingerprint", "f1")
    visitors("create", "--id", "tablet")
    visitors("identify", "laptop", "--email", "ada@example.com", "--external-id", "u1", "--metadata", "plan=pro")
    visitors("identify", "phone", "--email", "ada@example.com")
    visitors("identify", "tablet", "--email", "bea@example.com", "--name", "Bea")
    visitors("conversations", "start", "tablet", "--message", "Hello")


COMMANDS = {
    "create": ("create",),
    "track": ("track", "--id", "laptop", "--language", "en", "--city", "Oslo"),
    "update": ("update", "laptop", "--language", "fr"),
    "identify": ("identify", "tablet", "--email", "ada@example.com", "--relink"),
    "unidentify": ("unidentify", "tablet"),
    "block": ("block", "--all", "--yes", "--reason", "spam"),
    "delete": ("delete", "--identified", "--yes"),
    "contacts create": ("contacts", "create", "--email", "cleo@example.com"),
    "contacts update": ("contacts", "update", "bea@example.com", "--email", "b@example.com"),
    "contacts merge": ("contacts", "merge", "ada@example.com", "bea@example.com", "--yes"),
    "contacts split": ("contacts", "split", "ada@example.com", "phone", "--name", "Other"),
    "contacts delete": ("contacts", "delete", "ada@example.com"),
    "conversations reply": ("conversations", "start", "laptop", "--message", "Me too"),
    "seed": ("seed", "--count", "20", "--seed", "1"),
}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_every_command_is_taken_back_and_done_again_to_the_bit(visitors: Visitors, command: tuple[str, ...]) -> None:
    before = records(visitors)
    visitors(*command)
    after = records(visitors)
    assert after != before

    undo = visitors("undo").stdout.strip()
    assert records(visitors) == before
    visitors("undo", undo)
    assert records(visitors) == after


@pytest.mark.usefixtures("people")
def test_an_import_and_fixtures_are_taken_back(visitors: Visitors, tmp_path: Path) -> None:
    before = records(visitors)
    rows = tmp_path / "rows.ndjson"
    rows.write_text('{"id":"laptop","city":"Rome"}\n' + "".join(f'{{"id":"new{n}"}}\n' for n in range(2_500)))
    fixture = tmp_path / "fixture.yaml"
    fixture.write_text("version: 1\nvisitors:\n  phone:\n    language: de\nblocks:\n  - visitor: phone\n")
    visitors("import", str(rows), "--on-existing", "update")
    visitors("fixtures", "apply", str(fixture), "--prune", "--yes")

    visitors("undo")
    visitors("undo")

    assert records(visitors) == before


@pytest.mark.usefixtures("people")
def test_repeating_it_walks_backwards_to_an_empty_store(visitors: Visitors) -> None:
    for _ in range(7):
        visitors("undo")

    assert records(visitors) == []
    refused = visitors("undo", "--format", "json", code=3)
    assert refused.error["message"] == "there is nothing to undo"
    last = newest(visitors)["id"]
    assert refused.error["hint"] == f"everything is undone; to redo the latest: visitors undo {last}"
    visitors("undo", last)
    assert len(records(visitors)) == 1


def test_where_nothing_was_done_it_says_what_to_check(visitors: Visitors) -> None:
    visitors("seed", "--count", "0")

    refused = visitors("undo", "--format", "json", code=3)

    assert refused.error["message"] == "there is nothing to undo"
    assert refused.error["hint"] == "this store has no operations; if you expected some, check --db and VISITORS_DB"


def test_in_a_pipe_it_prints_the_id_by_which_it_is_taken_back(visitors: Visitors, anonymous: str) -> None:
    undo = visitors("undo")

    assert undo.stdout == f"{newest(visitors)['id']}\n"
    assert undo.stderr == f"to redo: visitors undo {newest(visitors)['id']}\n"
    assert visitors("undo", undo.stdout.strip(), "--quiet").stderr == ""
    assert visitors("list", "--format", "ids").stdout == f"{anonymous}\n"


def test_as_json_it_reports_its_effect_with_the_number_of_records(visitors: Visitors, anonymous: str) -> None:
    visitors("block", anonymous)
    block = newest(visitors)

    told = visitors("undo", "--format", "json").json

    assert told == {
        "outcome": "undone",
        **{key: block[key] for key in ("id", "at", "actor", "command")},
        "undoneBy": newest(visitors)["id"],
        "removed": {"blocks": 1},
        "changed": {},
        "restored": {},
    }


def test_a_dry_run_reports_what_would_be_undone_and_does_nothing(visitors: Visitors, anonymous: str) -> None:
    create = newest(visitors)["id"]

    assert visitors("undo", "--dry-run").stdout == f"{create}\n"
    assert newest(visitors)["id"] == create
    assert visitors("list", "--format", "ids").stdout == f"{anonymous}\n"


def test_history_shows_what_was_taken_back_and_by_which_undo(visitors: Visitors, anonymous: str) -> None:
    visitors("update", anonymous, "--language", "en")
    undo = visitors("undo").stdout.strip()

    told = {one["command"]: one["undoneBy"] for one in visitors("history", "--format", "json").json}
    assert told == {"undo": None, "update": undo, "create": None}

    visitors("undo", undo)
    assert {one["command"]: one["undoneBy"] for one in visitors("history", "--format", "json").json}["update"] is None


def test_what_was_taken_back_is_not_taken_back_twice(visitors: Visitors, anonymous: str) -> None:
    create = newest(visitors)["id"]
    undo = visitors("undo", create).stdout.strip()

    refused = visitors("undo", create, "--format", "json", code=4)

    assert anonymous not in visitors("list").stdout
    assert refused.error["code"] == "undone_already"
    assert refused.error["hint"] == f"to redo: visitors undo {undo}"


def test_an_unknown_operation_is_not_found(visitors: Visitors, anonymous: str) -> None:
    assert visitors("undo", "01ZZ", "--format", "json", code=3).error["code"] == "operation_not_found"
    assert visitors("undo", anonymous + "x", code=3).stderr.startswith("error: no operation has the id")


@pytest.mark.usefixtures("people")
def test_it_refuses_what_was_built_upon_and_names_it(visitors: Visitors) -> None:
    visitors("update", "laptop", "--language", "fr")
    update = newest(visitors)
    visitors("update", "laptop", "--city", "Rome", "--as", "bob")
    since = newest(visitors)
    before = records(visitors)

    refused = visitors("undo", update["id"], "--format", "json", code=4)

    assert refused.error["code"] == "touched_since"
    assert f"visitor laptop by update {since['id']} (bob, {since['at']})" in refused.error["message"]
    assert f"visitors undo {update['id']} --cascade" in refused.error["hint"]
    assert records(visitors) == before


@pytest.mark.usefixtures("people")
def test_cascade_takes_back_what_was_built_upon_it_too_and_one_undo_does_all_again(visitors: Visitors) -> None:
    before = records(visitors)
    visitors("create", "--id", "watch")
    create = newest(visitors)["id"]
    visitors("identify", "watch", "--email", "dora@example.com")
    visitors("conversations", "start", "watch", "--message", "Hi")
    visitors("block", "--contact", "dora@example.com")
    visitors("create", "--id", "unrelated")
    after = records(visitors)

    told = visitors("undo", create, "--cascade", "--format", "json").json
    unrelated = records(visitors)
    visitors("undo", newest(visitors)["id"])

    assert [one["command"] for one in told] == ["block", "conversations start", "identify", "create"]
    assert unrelated == sorted([*before, *[line for line in after if '"unrelated"' in line]], key=after.index)
    assert records(visitors) == after


def test_a_device_linked_since_to_a_contact_keeps_its_creation_from_being_undone(visitors: Visitors) -> None:
    visitors("contacts", "create", "--email", "ada@example.com")
    contact = newest(visitors)["id"]
    visitors("create", "--id", "laptop")
    visitors("identify", "laptop", "--email", "ada@example.com")

    refused = visitors("undo", contact, code=4)

    assert "visitor laptop by identify" in refused.stderr


def test_an_email_that_another_contact_has_now_is_not_restored(visitors: Visitors) -> None:
    visitors("contacts", "create", "--email", "ada@example.com", "--external-id", "u1")
    visitors("contacts", "update", "ext:u1", "--email", "new@example.com", "--external-id", "u2")
    update = newest(visitors)["id"]
    visitors("contacts", "create", "--email", "ada@example.com", "--external-id", "u1")

    refused = visitors("undo", update, code=4)

    assert "by contacts create" in refused.stderr


def test_a_new_record_never_gets_the_number_of_one_that_was_taken_back(visitors: Visitors) -> None:
    visitors("create", "--id", "first")
    undo = visitors("undo").stdout.strip()
    visitors("create", "--id", "second")

    visitors("undo", undo)

    assert visitors("list", "--sort", "id", "--format", "ids").lines == ["first", "second"]


def test_the_timeline_of_a_visitor_includes_undos(visitors: Visitors, anonymous: str) -> None:
    visitors("identify", anonymous, "--email", "ada@example.com")
    visitors("undo")

    told = [event["sentence"] for event in visitors("explain", anonymous, "--format", "json").json]

    assert told[-1].startswith("unlinked from contact ")


def test_an_erasure_cannot_be_undone(visitors: Visitors, anonymous: str) -> None:
    visitors("create")
    visitors("erase", anonymous, "--yes")

    for which in ([], [newest(visitors)["id"]]):
        refused = visitors("undo", *which, "--format", "json", code=4)
        assert refused.error["code"] == "irreversible"
    assert "visitors undo ID" in refused.error["hint"]


def test_where_an_erasure_is_the_newest_the_operation_before_it_is_named(visitors: Visitors, anonymous: str) -> None:
    visitors("create", "--id", "stays")
    created = newest(visitors)["id"]
    visitors("undo", visitors("undo").stdout.strip())
    visitors("update", anonymous, "--city", "Rome")
    visitors("erase", anonymous, "--yes")
    erased = newest(visitors)["id"]

    refused = visitors("undo", code=4).stderr.splitlines()
    assert refused[0] == f"error: operation {erased} (erase) is an erasure and cannot be undone"
    # not the update: what it changed is erased
    assert refused[1] == f"hint: to undo the operation before it, create by tester: visitors undo {created}"
    visitors("undo", created)
    assert records(visitors) == []

    refused = visitors("undo", code=4).stderr.splitlines()
    assert refused[1] == "hint: no earlier operation can be undone either"


@pytest.mark.usefixtures("people")
def test_what_was_done_to_somebody_who_was_erased_since_is_not_taken_back(visitors: Visitors) -> None:
    visitors("update", "laptop", "phone", "--city", "Rome")
    update = newest(visitors)["id"]
    visitors("create", "--id", "watch")
    create = newest(visitors)["id"]
    visitors("erase", "laptop", "watch", "--yes")
    before = records(visitors)

    for operation in (update, create):
        assert visitors("undo", operation, "--format", "json", code=4).error["code"] == "erased"
    assert records(visitors) == before


def test_of_an_import_the_rest_is_taken_back_when_one_was_erased(visitors: Visitors) -> None:
    visitors("import", "-", "--input-format", "ndjson", input='{"id":"a"}\n{"id":"b"}\n{"id":"c"}\n')
    imported = newest(visitors)["id"]
    visitors("erase", "b", "--yes")

    told = visitors("undo", imported, "--format", "json").json

    assert told["removed"] == {"visitors": 2}
    assert records(visitors) == []


def test_a_link_does_not_come_back_to_a_contact_that_is_gone(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "C", "--email", "ada@example.com")
    made = newest(visitors)["id"]
    visitors("create", "--id", "v")
    visitors("identify", "v", "--email", "ada@example.com")
    visitors("unidentify", "v")
    unlinked = newest(visitors)["id"]
    taken_back = visitors("undo", made).stdout.strip()

    refused = visitors("undo", unlinked, "--format", "json", code=4)
    assert refused.error["code"] == "touched_since"
    assert f"contact C by undo {taken_back}" in refused.error["message"]

    visitors("undo", unlinked, "--cascade")
    assert visitors("show", "v", "--format", "json").json["contact"]["id"] == "C"


def test_records_created_and_removed_by_another_operation_are_reported(visitors: Visitors, tmp_path: Path) -> None:
    visitors("create", "--id", "v")
    visitors("conversations", "start", "v", "--title", "Hello")
    started = newest(visitors)["id"]
    fixture = tmp_path / "fixture.yaml"
    fixture.write_text("version: 1\nvisitors:\n  v: {}\n")
    visitors("fixtures", "apply", str(fixture), "--prune", "--yes")

    refused = visitors("undo", started, "--format", "json", code=4)

    assert refused.error["code"] == "touched_since"
    assert "by fixtures apply" in refused.error["message"]


# conflicts


def refused(visitors: Visitors, operation: str) -> str:
    """The error for an operation that others prevent from being undone."""
    error = visitors("undo", operation, "--format", "json", code=4).error
    assert error["code"] == "touched_since"
    assert f"visitors undo {operation} --cascade" in error["hint"]
    return str(error["message"])


def test_undoing_a_redo_reports_references_to_the_record_and_cascades_over_them(visitors: Visitors) -> None:
    visitors("create", "--id", "laptop")
    visitors("undo")
    redo = visitors("undo", newest(visitors)["id"]).stdout.strip()
    visitors("conversations", "start", "laptop", "--message", "Hi")

    assert "by conversations start" in refused(visitors, redo)
    visitors("undo", redo, "--cascade")
    assert visitors("list", "--format", "count").stdout == "0\n"
    assert visitors("conversations", "list", "--format", "count").stdout == "0\n"


def test_redoing_a_creation_is_refused_where_somebody_else_took_the_external_id(visitors: Visitors) -> None:
    visitors("contacts", "create", "--external-id", "u1")
    undo = visitors("undo").stdout.strip()
    visitors("contacts", "create", "--external-id", "u1")

    assert "by contacts create" in refused(visitors, undo)


def test_redoing_a_change_is_refused_where_somebody_else_took_the_external_id(visitors: Visitors) -> None:
    contact = visitors("contacts", "create", "--email", "ada@example.com").stdout.strip()
    visitors("contacts", "update", contact, "--external-id", "u1")
    undo = visitors("undo").stdout.strip()
    visitors("contacts", "create", "--external-id", "u1")

    assert "by contacts create" in refused(visitors, undo)


@pytest.mark.usefixtures("people")
def test_taking_an_unlinking_back_whose_contact_was_merged_since_can_cascade(visitors: Visitors) -> None:
    visitors("create", "--id", "watch")
    visitors("identify", "watch", "--email", "dora@example.com")
    visitors("unidentify", "watch")
    unlinking = newest(visitors)["id"]
    visitors("contacts", "create", "--email", "dora@example.org")
    visitors("contacts", "merge", "dora@example.org", "dora@example.com", "--yes")

    assert "by contacts merge" in refused(visitors, unlinking)
    visitors("undo", unlinking, "--cascade")
    assert visitors("list", "--contact", "dora@example.com", "--format", "ids").lines == ["watch"]


def test_a_later_change_of_the_contact_does_not_keep_an_unlinking_from_being_undone(visitors: Visitors) -> None:
    visitors("create", "--id", "watch")
    visitors("identify", "watch", "--email", "dora@example.com")
    visitors("unidentify", "watch")
    unlinking = newest(visitors)["id"]
    visitors("contacts", "update", "dora@example.com", "--name", "Dora")

    visitors("undo", unlinking)
    assert visitors("list", "--contact", "dora@example.com", "--format", "ids").lines == ["watch"]


def test_undoing_an_unrelated_operation_does_not_keep_the_next_from_being_undone(visitors: Visitors) -> None:
    visitors("create", "--id", "laptop")
    first = newest(visitors)["id"]
    visitors("create", "--id", "phone")
    second = newest(visitors)["id"]
    visitors("undo", first)

    visitors("undo", second)
    assert visitors("list", "--format", "count").stdout == "0\n"


def test_conflicts_are_reported_newest_first(visitors: Visitors) -> None:
    visitors("create", "--id", "laptop")
    create = newest(visitors)["id"]
    for city in ("Oslo", "Rome", "Bern"):
        visitors("update", "laptop", "--city", city)
    ids = visitors("history", "--limit", "3", "--format", "ids").lines

    message = refused(visitors, create)
    assert sorted(ids, key=message.index) == ids


@pytest.mark.usefixtures("people")
def test_redoing_a_merge_is_refused_where_a_device_was_linked_to_the_other_contact_since(visitors: Visitors) -> None:
    for name in ("dora", "emil"):
        visitors("contacts", "create", "--email", f"{name}@example.com")
    visitors("contacts", "merge", "dora@example.com", "emil@example.com", "--yes")
    undo = visitors("undo").stdout.strip()
    visitors("create", "--id", "watch")
    visitors("identify", "watch", "--email", "emil@example.com")

    assert "visitor watch by identify" in refused(visitors, undo)


@pytest.mark.parametrize("count", [2_000, 3_000])
def test_undoing_a_redo_of_a_large_import_takes_everything_back(visitors: Visitors, count: int) -> None:
    lines = "".join(f'{{"id":"v{n}","contact":{{"email":"a{n}@example.com"}}}}\n' for n in range(count))
    visitors("create", "--id", "before")
    before = records(visitors)
    visitors("import", "-", input=lines)
    after = records(visitors)
    redo = visitors("undo", visitors("undo").stdout.strip()).stdout.strip()
    assert records(visitors) == after

    visitors("undo", redo)
    assert records(visitors) == before
    assert visitors("db", "check", "--quiet").code == 0


def test_undoing_the_deletion_of_a_contact_is_refused_where_somebody_else_has_the_email(visitors: Visitors) -> None:
    contact = visitors("contacts", "create", "--email", "ada@example.com").stdout.strip()
    visitors("contacts", "delete", contact)
    deletion = newest(visitors)["id"]
    visitors("contacts", "create", "--email", "ada@example.com")

    assert "by contacts create" in refused(visitors, deletion)


def test_an_email_is_restored_even_if_a_deleted_contact_has_it(visitors: Visitors) -> None:
    contact = visitors("contacts", "create", "--email", "ada@example.com").stdout.strip()
    visitors("contacts", "update", contact, "--email", "new@example.com")
    update = newest(visitors)["id"]
    other = visitors("contacts", "create", "--email", "ada@example.com").stdout.strip()
    visitors("contacts", "delete", other)

    visitors("undo", update)
    assert visitors("contacts", "show", "ada@example.com", "--format", "json").json["id"] == contact


def test_an_external_id_comes_back_where_only_a_merged_contact_has_it(visitors: Visitors) -> None:
    contact = visitors("contacts", "create", "--external-id", "u1").stdout.strip()
    visitors("contacts", "update", contact, "--external-id", "u2")
    update = newest(visitors)["id"]
    merged = visitors("contacts", "create", "--external-id", "u1").stdout.strip()
    survivor = visitors("contacts", "create", "--external-id", "u3").stdout.strip()
    visitors("contacts", "merge", survivor, merged, "--force", "--yes")

    visitors("undo", update)
    assert visitors("contacts", "show", "ext:u1", "--format", "json").json["id"] == contact


def test_the_removal_of_a_newer_record_does_not_keep_an_older_creation_from_being_undone(
    visitors: Visitors, tmp_path: Path
) -> None:
    visitors("create", "--id", "v")
    visitors("conversations", "start", "v", "--title", "Older")
    started = newest(visitors)["id"]
    fixture = tmp_path / "fixture.yaml"
    visitors("fixtures", "dump", "-o", str(fixture))
    visitors("conversations", "start", "v", "--title", "Newer")
    visitors("fixtures", "apply", str(fixture), "--prune", "--yes")

    visitors("undo", started)
    assert visitors("conversations", "list", "--format", "count").stdout == "0\n"


# without an id


def test_without_an_id_it_takes_back_the_newest_of_ones_own(visitors: Visitors) -> None:
    visitors("create", "--id", "mine", "--as", "me")
    visitors("create", "--id", "theirs", "--as", "cron")
    theirs = newest(visitors)
    done = visitors("undo", "--as", "me", "--dry-run")
    assert "not undone: create by cron, which is newer" in done.stderr
    done = visitors("undo", "--as", "me")
    assert visitors("list", "--format", "ids").lines == ["theirs"]
    assert f"visitors undo {theirs['id']}" in done.stderr
    refused = visitors("undo", "--as", "me", "--format", "json", code=3).error
    assert refused["message"] == "there is nothing by me to undo"
    assert "create by cron" in refused["hint"]
    assert f"visitors undo {theirs['id']}" in refused["hint"]
    visitors("undo", theirs["id"], "--as", "me")
    assert visitors("list", "--format", "ids").lines == []


def test_earlier_and_undone_operations_of_others_are_not_mentioned(visitors: Visitors) -> None:
    visitors("create", "--id", "theirs", "--as", "cron")
    visitors("create", "--id", "mine", "--as", "me")
    visitors("create", "--id", "gone", "--as", "cron")
    visitors("undo", "--as", "cron")
    assert "cron" not in visitors("undo", "--as", "me").stderr


def test_ones_own_upon_which_others_built_is_refused_with_what_to_do(visitors: Visitors) -> None:
    visitors("create", "--id", "v", "--as", "me")
    mine = newest(visitors)["id"]
    visitors("block", "v", "--as", "cron")
    theirs = newest(visitors)["id"]
    refused = visitors("undo", "--as", "me", "--format", "json", code=4).error
    assert f"block {theirs} (cron," in refused["message"]
    assert f"visitors undo {mine} --cascade" in refused["hint"]
    assert visitors("show", "v", "--format", "json").json["isBlocked"] is True


def test_after_ones_own_erasure_the_hint_names_ones_own_before_it(visitors: Visitors) -> None:
    visitors("create", "--id", "mine", "--as", "me")
    mine = newest(visitors)["id"]
    visitors("create", "--id", "theirs", "--as", "cron")
    visitors("create", "--id", "gone", "--as", "me")
    visitors("erase", "gone", "--yes", "--as", "me")
    assert visitors("undo", "--as", "me", code=4).stderr.endswith(f"create by me: visitors undo {mine}\n")


@pytest.mark.parametrize(("actor", "named"), [("ada", "ada"), ("bob", "bob"), ("cleo", "bob")])
def test_an_erasure_cannot_be_undone_but_the_operation_before_it_can_be_one_of_the_same_actor_if_any(
    visitors: Visitors, actor: str, named: str
) -> None:
    for one in ("ada", "bob"):
        visitors("create", "--id", f"of-{one}", "--as", one)
    visitors("create", "--id", "gone", "--as", "dora")
    visitors("erase", "gone", "--yes", "--as", actor)
    hint = visitors("undo", "--as", actor, "--format", "json", code=4).error["hint"]
    assert hint.startswith(f"to undo the operation before it, create by {named}: visitors undo ")
    visitors(*hint.split(": visitors ")[1].split(), "--as", actor)
    assert visitors("list", "--format", "ids").lines == [f"of-{'ada' if named == 'bob' else 'bob'}"]
