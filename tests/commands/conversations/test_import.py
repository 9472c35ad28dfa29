from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]
Everything = Callable[[], Any]
Take = Callable[..., Any]

NOW = "2026-03-10T00:00:00.000Z"
LATER = "2026-03-11T00:00:00.000Z"
T = [f"2026-01-0{day}T00:00:00.000Z" for day in range(1, 10)]


@pytest.fixture
def take(visitors: Visitors) -> Take:
    """Import conversations, given as JSON values, or a text."""

    def import_conversations(*rows: dict[str, Any] | str, options: tuple[str, ...] = (), **more: Any) -> Any:
        text = "".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows)
        return visitors("conversations", "import", "-", *options, **({"input": text, "now": NOW} | more))

    return import_conversations


def shown(visitors: Visitors, conversation: str) -> Any:
    return visitors("conversations", "show", conversation, "--format", "json").json


def texts(visitors: Visitors, conversation: str) -> list[tuple[str | None, str]]:
    return [(one["agent"], one["body"]) for one in shown(visitors, conversation)["messages"]]


def test_a_conversation_comes_in_with_its_messages(visitors: Visitors, take: Take) -> None:
    visitors("create", "--id", "v1")
    answer = take(
        {
            "id": "k1", "visitorId": "v1", "title": "Help", "status": "resolved", "priority": "high",
            "createdAt": T[0], "updatedAt": T[4], "resolvedAt": T[3],
            "messages": [
                {"id": "m1", "visitorId": "v1", "body": "Hi\nthere", "createdAt": T[0]},
                {"id": "m2", "agent": "bo", "body": "Hello", "createdAt": T[2]},
            ],
        }
    )  # fmt: skip
    assert answer.stderr == "imported 1 row: 1 created; 2 new messages\n"
    found = shown(visitors, "k1")
    first, second = found.pop("messages")
    assert found == {
        "id": "k1", "title": "Help", "status": "resolved", "priority": "high", "visitorId": "v1", "contactId": None,
        "messageCount": 2, "createdAt": T[0], "updatedAt": T[4], "resolvedAt": T[3],
    }  # fmt: skip
    assert (first["id"], first["visitorId"], first["agent"], first["createdAt"]) == ("m1", "v1", None, T[0])
    assert (second["id"], second["visitorId"], second["agent"], second["body"]) == ("m2", None, "bo", "Hello")


def test_its_own_exports_come_back_in_and_give_the_same_bytes(visitors: Visitors, tmp_path: Path) -> None:
    visitors("seed", "--count", "60", now=NOW)
    (tmp_path / "visitors.ndjson").write_text(visitors("export", "--format", "ndjson").stdout)
    ids = visitors("conversations", "list", "--reverse", "--format", "ids").lines
    pages = ("conversations", "show", *ids, "--format", "ndjson")
    (tmp_path / "pages.ndjson").write_text(visitors(*pages).stdout)
    for format_ in ("csv", "tsv", "json", "ndjson"):
        listing = ("conversations", "list", "--reverse", "--format", format_)
        (tmp_path / f"x.{format_}").write_text(visitors(*listing).stdout)
        other = ("--db", str(tmp_path / f"{format_}.db"))
        visitors("import", str(tmp_path / "visitors.ndjson"), *other)
        talks = ("conversations", "import", str(tmp_path / f"x.{format_}"), *other)
        assert f"{len(ids)} created" in visitors(*talks, now=NOW).stderr
        assert f"{len(ids)} unchanged; 0 new" in visitors(*talks, now=LATER).stderr
        visitors("conversations", "import", str(tmp_path / "pages.ndjson"), *other, now=NOW)
        assert visitors(*listing, *other).stdout == visitors(*listing).stdout
        assert visitors(*pages, *other).stdout == visitors(*pages).stdout
        history = visitors("history", *other, "--format", "count").stdout
        assert "0 new" in visitors("conversations", "import", str(tmp_path / "pages.ndjson"), *other).stderr
        assert visitors("history", *other, "--format", "count").stdout == history


def test_messages_without_ids_are_not_taken_twice(visitors: Visitors, take: Take) -> None:
    messages = [{"body": "Hi", "createdAt": T[0]}, {"body": "Hi", "createdAt": T[0]}, {"agent": "bo", "body": "Hi"}]
    row = {"id": "k1", "visitorId": "v1", "messages": messages}
    take(row)
    assert texts(visitors, "k1") == [(None, "Hi"), (None, "Hi"), ("bo", "Hi")]
    assert "1 unchanged; 0 new messages" in take(row, now=LATER).stderr
    more = {**row, "messages": [*messages, {"body": "Still there?", "createdAt": T[1]}]}
    assert "1 updated; 1 new message\n" in take(more).stderr
    assert texts(visitors, "k1")[3:] == [(None, "Still there?")]


def test_rows_of_a_table_are_messages_of_one_conversation(visitors: Visitors, take: Take) -> None:
    take(
        "id,email,title,message.id,message.agent,message.body,message.createdAt\n"
        f"k1,ada@example.com,Help,m1,,Hi,{T[0]}\n"
        f"k1,ada@example.com,Help,m2,bo,Hello,{T[1]}\n"
        f"k2,ada@example.com,,,,,\n",
        options=("--input-format", "csv"),
    )
    assert texts(visitors, "k1") == [(None, "Hi"), ("bo", "Hello")]
    assert visitors("list", "--format", "count").stdout == "1\n"
    assert (shown(visitors, "k1")["createdAt"], shown(visitors, "k1")["updatedAt"]) == (T[0], T[1])


def test_a_conversation_begins_with_its_earliest_message(visitors: Visitors, take: Take) -> None:
    for at in (T[3], T[1], T[5]):
        take({"id": "k1", "visitorId": "v1", "messages": [{"body": "Hi", "createdAt": at}]})
    found = shown(visitors, "k1")
    assert (found["createdAt"], found["updatedAt"]) == (T[1], T[5])
    assert [one["createdAt"] for one in found["messages"]] == [T[3], T[1], T[5]]


def test_a_newer_row_says_what_became_of_it_and_an_older_one_does_not(visitors: Visitors, take: Take) -> None:
    row = {"id": "k1", "visitorId": "v1", "title": "New", "updatedAt": T[2], "status": "resolved", "createdAt": T[1]}
    take(row)
    assert "1 unchanged" in take({**row, "title": "Old", "updatedAt": T[1], "status": "open"}).stderr
    assert (shown(visitors, "k1")["title"], shown(visitors, "k1")["resolvedAt"]) == ("New", T[2])
    take({**row, "title": "Newer", "updatedAt": T[3], "status": "open", "createdAt": T[0]})
    found = shown(visitors, "k1")
    assert (found["title"], found["status"], found["updatedAt"]) == ("Newer", "open", T[3])
    assert (found["createdAt"], found["resolvedAt"]) == (T[0], None)
    take({"id": "k1", "status": "spam"}, now=LATER)
    assert (shown(visitors, "k1")["status"], shown(visitors, "k1")["updatedAt"]) == ("spam", LATER)


def test_a_row_as_new_as_the_last_message_says_what_became_of_the_conversation(visitors: Visitors, take: Take) -> None:
    take({"id": "k1", "visitorId": "v1", "messages": [{"id": "m1", "agent": "bo", "body": "Done", "createdAt": T[2]}]})
    row = {
        "id": "k1",
        "title": "Fire",
        "status": "resolved",
        "priority": "urgent",
        "createdAt": T[0],
        "updatedAt": T[2],
    }
    assert "1 updated" in take(row).stderr
    found = shown(visitors, "k1")
    assert (found["title"], found["status"], found["priority"]) == ("Fire", "resolved", "urgent")
    assert (found["createdAt"], found["updatedAt"], found["resolvedAt"]) == (T[0], T[2], T[2])
    assert "1 unchanged" in take(row).stderr


def test_a_contact_writes_as_its_newest_visitor(visitors: Visitors, take: Take) -> None:
    for visitor in ("v1", "v2", "v3"):
        visitors("create", "--id", visitor)
        visitors("identify", visitor, "--email", "ada@example.com", "--external-id", "u1")
    visitors("delete", "v3")
    contact = visitors("contacts", "list", "--format", "ids").stdout.strip()
    for number, whom in enumerate(({"email": "ada@example.com"}, {"externalId": "u1"}, {"contactId": contact})):
        take({"id": f"k{number}", **whom})
        found = shown(visitors, f"k{number}")
        assert (found["visitorId"], found["contactId"]) == ("v2", contact)


def test_a_visitor_is_made_for_a_contact_without_one_and_once(visitors: Visitors, take: Take) -> None:
    take({"id": "k1", "email": "ada@example.com", "createdAt": T[0]}, {"id": "k2", "email": "ada@example.com"})
    (made,) = visitors("list", "--format", "json").json
    assert (made["contact"]["email"], made["createdAt"], made["lastSeenAt"]) == ("ada@example.com", T[0], None)
    assert {shown(visitors, k)["visitorId"] for k in ("k1", "k2")} == {made["id"]}
    assert visitors("explain", made["id"], "--format", "json").json
    visitors("db", "check", "--quiet")


def test_a_visitor_that_is_named_and_not_there_is_made(visitors: Visitors, take: Take) -> None:
    take({"id": "k1", "visitorId": "v1", "messages": [{"visitorId": "v2", "body": "Hi"}]})
    assert sorted(visitors("list", "--format", "ids").lines) == ["v1", "v2"]


def test_the_conversation_of_a_visitor_is_its_contacts(visitors: Visitors, take: Take) -> None:
    visitors("create", "--id", "v1")
    contact = visitors("identify", "v1", "--email", "ada@example.com", "--format", "json").json["contact"]["id"]
    take({"id": "k1", "visitorId": "v1"}, {"id": "k2", "visitorId": "v1", "email": "bo@example.com"})
    assert shown(visitors, "k1")["contactId"] == contact
    assert shown(visitors, "k2")["contactId"] not in (None, contact)
    assert visitors("show", "v1", "--format", "json").json["contact"]["id"] == contact


@pytest.mark.parametrize("at", [T[0], LATER, None])
def test_a_person_of_whom_a_conversation_says_nothing_new_is_not_changed(
    visitors: Visitors, take: Take, at: str | None
) -> None:
    visitors("contacts", "create", "--id", "c1", "--email", "ada@example.com", now=NOW)
    before = visitors("contacts", "show", "c1", "--format", "json").json
    whose = {"createdAt": at, "contact": {"email": "ada@example.com"}}
    take({"id": "k1", **whose}, {"id": "k2", **whose, "messages": [{"authorId": "c1", "body": "Hi"}]}, now=LATER)
    after = visitors("contacts", "show", "c1", "--format", "json").json
    assert (after["createdAt"], after["updatedAt"]) == (before["createdAt"], before["updatedAt"])


@pytest.mark.parametrize(("at", "name", "updated"), [(T[0], "Ada", NOW), (LATER, "Bob", LATER)])
def test_an_older_conversation_only_fills_blanks_of_its_person(
    visitors: Visitors, take: Take, at: str, name: str, updated: str
) -> None:
    visitors("contacts", "create", "--id", "c1", "--email", "ada@example.com", "--name", "Ada", now=NOW)
    told = {"email": "ada@example.com", "name": "Bob", "externalId": "u1"}
    take({"id": "k1", "createdAt": at, "contact": told}, now=LATER)
    after = visitors("contacts", "show", "c1", "--format", "json").json
    assert (after["name"], after["externalId"], after["updatedAt"]) == (name, "u1", updated)


def test_an_author_is_the_contact_or_an_agent(visitors: Visitors, take: Take) -> None:
    take(
        {"id": "k1", "contactId": "c1", "messages": [{"authorId": "c1", "body": "Hi"}, {"authorId": 77, "body": "Yo"}]},
        {"id": "k2", "messages": [{"authorId": "c1", "body": "Again"}]},
        {"id": "k2", "messages": [{"authorId": "77", "body": "No"}]},
    )
    assert texts(visitors, "k1") == [(None, "Hi"), ("77", "Yo")]
    assert texts(visitors, "k2") == [(None, "Again"), ("77", "No")]
    assert shown(visitors, "k2")["contactId"] == "c1"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"visitorId": "v1"}, "the row has no conversation id"),
        ({"id": "k1", "title": "Help"}, "the row has no visitorId and no contact"),
        ({"id": "k1", "visitorId": "v1", "status": "closed"}, "status 'closed' is not valid"),
        ({"id": "k1", "visitorId": "v1", "messages": "Hi"}, "messages is not JSON"),
        ({"id": "k1", "visitorId": "v1", "messages": {"body": "Hi"}}, "messages is not a list of objects"),
        ({"id": "k1", "visitorId": "v1", "messages": [{"agent": "bo"}]}, "messages.0.body is blank"),
        ({"id": "k1", "visitorId": "v1", "messages": [{"text": "Hi"}]}, "messages.0.text: messages have no such field"),
        ({"id": "k1", "visitorId": "v1", "messages": [{"body": 5}]}, "messages.0.body is not a string"),
        ({"id": "k1", "visitorId": "v1", "message.agent": "bo", "message.visitorId": "v1", "message.body": "x"},
         "message has more than one author"),
        ({"id": "k1", "email": "none"}, "'none'"),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_and_nothing_is_written(
    visitors: Visitors, take: Take, everything: Everything, row: dict[str, Any], reason: str
) -> None:
    visitors("create", "--id", "old")
    before = everything()
    answer = take({"id": "ok", "visitorId": "v9"}, row, code=5)
    assert "standard input, line 2" in answer.stderr
    assert reason in answer.stderr
    assert everything() == before
    assert (
        "1 created, 1 rejected" in take({"id": "ok", "visitorId": "v9"}, row, options=("--keep-going",), code=5).stderr
    )
    assert visitors("list", "--format", "ids").lines == ["v9", "old"]


def test_a_message_of_another_conversation_is_refused(take: Take) -> None:
    take({"id": "k1", "visitorId": "v1", "messages": [{"id": "m1", "body": "Hi"}]})
    answer = take({"id": "k2", "visitorId": "v1", "messages": [{"id": "m1", "body": "Hi"}]}, code=4)
    assert "message m1 belongs to conversation k1, not to k2" in answer.stderr


def test_a_deleted_visitor_is_not_revived(visitors: Visitors, take: Take) -> None:
    visitors("create", "--id", "v1")
    visitors("delete", "v1")
    assert "visitor v1 is deleted" in take({"id": "k1", "visitorId": "v1"}, code=4).stderr


def test_one_operation_takes_all_of_it_back(visitors: Visitors, take: Take, everything: Everything) -> None:
    take({"id": "k1", "visitorId": "v1"})
    before = everything()[:-1]
    row = {"id": "k1", "status": "resolved", "messages": [{"body": "Hi"}]}
    take(row, {"id": "k2", "email": "ada@example.com", "messages": [{"body": "Hi"}]}, now=LATER)
    assert everything()[:-1] != before
    visitors("undo")
    assert everything()[:-1] == before
    visitors("db", "check", "--quiet")


def test_a_dry_run_checks_all_and_writes_nothing(
    visitors: Visitors, take: Take, everything: Everything, tmp_path: Path
) -> None:
    visitors("create", "--id", "old")
    before = everything()
    rejects = tmp_path / "rejects.ndjson"
    options = ("--dry-run", "--rejects", str(rejects))
    answer = take({"id": "k1", "visitorId": "v1"}, {"id": "k2"}, {}, options=options, code=5)
    assert "would import 3 rows: 1 created, 1 blank, 1 rejected; 0 new messages" in answer.stderr
    assert json.loads(rejects.read_text())["id"] == "k2"
    assert everything() == before


def test_contacts_are_refused(visitors: Visitors, take: Take) -> None:
    visitors("contacts", "create", "--id", "ada", "--email", "ada@example.com")
    text = visitors("contacts", "list", "--format", "ndjson").stdout
    answer = take(text, options=("--ignore-unknown",), code=5)
    assert answer.stderr.splitlines()[1] == "hint: visitors contacts import FILE"
    answer = visitors("import", "-", "--ignore-unknown", input='{"id": "k1", "messages": []}', code=5)
    assert answer.stderr.splitlines()[1] == "hint: visitors conversations import FILE"


def test_what_was_written_is_shown_on_demand(take: Take) -> None:
    options = ("--format", "ids")
    assert take({"id": "k1", "visitorId": "v1"}, {"id": "k2", "visitorId": "v1"}, options=options).lines == ["k1", "k2"]
    assert take({"id": "k1"}, {"id": "k2", "messages": [{"body": "x"}]}, options=options, now=LATER).lines == ["k2"]
