"""What erasing removes, what it keeps, and the history of others afterwards."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from unguarded import OPEN_OPERATION

Visitors = Callable[..., Any]


@pytest.fixture
def shown(visitors: Visitors) -> Callable[..., Any]:
    """Return the JSON output of a command."""
    return lambda *words: visitors(*words, "--format", "json").json


def rows_of(store_path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(store_path)) as store:
        return store.execute(sql).fetchall()


@pytest.fixture
def ada(visitors: Visitors) -> str:
    """Ada, on two devices, one of them deleted, with a conversation, messages and blocks: her contact's id."""
    for visitor in ("laptop", "phone"):
        visitors("create", "--id", visitor)
        visitors("identify", visitor, "--email", "ada@example.com", "--name", "Ada", "--metadata", "plan=pro")
    visitors("conversations", "start", "laptop", "--title", "Help", "--message", "Hello")
    visitors("block", "phone", "--reason", "loud")
    visitors("delete", "phone")
    (contact,) = visitors("contacts", "list", "--format", "ids").lines
    return str(contact)


def erase(visitors: Visitors, *words: str) -> Any:
    return json.loads(visitors(*words, "--yes").stdout)


def test_a_person_goes_with_devices_conversations_messages_and_blocks(
    visitors: Visitors, ada: str, store_path: Path
) -> None:
    visitors("create", "--id", "somebody-else")
    counts = erase(visitors, "contacts", "erase", ada)["counts"]
    assert counts == {
        "contacts": 1, "visitors": 2, "conversations": 1, "messages": 1, "blocks": 1, "changes": 3, "operations": 3,
    }  # fmt: skip
    assert visitors("list", "--format", "ids").lines == ["somebody-else"]
    for words in (("show", "laptop"), ("show", "phone"), ("contacts", "show", ada), ("history", "laptop")):
        visitors(*words, code=3)
    for table in ("contacts", "conversations", "messages", "blocks", "changes", "causes", "contact_metadata"):
        assert rows_of(store_path, f"SELECT * FROM {table}") == []


def test_those_merged_into_a_person_go_with_it(visitors: Visitors, ada: str) -> None:
    for contact in ("older", "oldest"):
        visitors("contacts", "create", "--id", contact, "--email", f"{contact}@example.com")
    visitors("contacts", "merge", "older", "oldest", "--yes")
    visitors("contacts", "merge", ada, "older", "--yes")
    assert erase(visitors, "contacts", "erase", "oldest@example.com")["counts"]["contacts"] == 3
    for contact in ("older", "oldest", "ext:x", "older@example.com"):
        visitors("contacts", "show", contact, code=3)


def test_a_device_goes_and_its_contact_stays(visitors: Visitors, ada: str) -> None:
    answer = visitors("erase", "laptop", "--yes")
    assert json.loads(answer.stdout)["counts"]["conversations"] == 1
    assert answer.stderr == f"contact {ada} is still in the store; to erase the person: visitors contacts erase {ada}\n"
    assert visitors("contacts", "show", ada, "--format", "json").json["email"] == "ada@example.com"
    assert visitors("list", "--deleted", "--format", "ids").lines == ["phone"]


def test_a_conversation_of_the_earlier_person_stays_with_that_person(visitors: Visitors, ada: str) -> None:
    """A shared computer: the conversation refers to an empty deleted visitor."""
    visitors("identify", "laptop", "--email", "ben@example.com", "--relink")
    erase(visitors, "contacts", "erase", "ben@example.com")
    (conversation,) = visitors("conversations", "list", "--format", "json").json
    assert (conversation["contactId"], conversation["messageCount"]) == (ada, 1)
    page = visitors("conversations", "show", conversation["id"], "--format", "json").json
    stand_in = visitors("show", conversation["visitorId"], "--format", "json").json
    assert page["messages"][0]["visitorId"] == stand_in["id"]
    known = {name for name, value in stand_in.items() if value and name not in ("conversations", "links", "changes")}
    assert known == {"id", "contact", "createdAt", "updatedAt", "deletedAt"}
    assert stand_in["contact"]["id"] == ada


def test_what_other_devices_wrote_in_a_conversation_that_stays_is_still_theirs(
    visitors: Visitors, ada: str, shown: Callable[..., Any]
) -> None:
    visitors("restore", "phone")
    visitors("unblock", "phone")
    (talk,) = visitors("conversations", "list", "--format", "ids").lines
    visitors("conversations", "reply", talk, "From the phone", "--as-visitor", "phone")
    visitors("identify", "laptop", "--email", "ben@example.com", "--relink")
    erase(visitors, "contacts", "erase", "ben@example.com")
    page = shown("conversations", "show", talk)
    assert page["contactId"] == ada
    assert page["visitorId"] not in ("laptop", "phone")
    assert [one["visitorId"] for one in page["messages"]] == [page["visitorId"], "phone"]


def test_a_message_written_for_somebody_who_stays_goes_with_the_device_that_wrote_it(
    visitors: Visitors, ada: str
) -> None:
    visitors("restore", "phone")
    visitors("unblock", "phone")
    (talk,) = visitors("conversations", "list", "--format", "ids").lines
    visitors("conversations", "reply", talk, "From the phone", "--as-visitor", "phone")
    erase(visitors, "erase", "phone")
    bodies = [one["body"] for one in visitors("conversations", "show", talk, "--format", "json").json["messages"]]
    assert bodies == ["Hello"]
    assert visitors("contacts", "show", ada, "--format", "json").json["visitorCount"] == 1


def test_the_history_of_another_loses_the_link_and_an_email_that_nobody_has(
    visitors: Visitors, ada: str, shown: Callable[..., Any]
) -> None:
    visitors("create", "--id", "kiosk")
    visitors("identify", "kiosk", "--email", "ada@example.com")
    visitors("identify", "kiosk", "--email", "ben@example.com", "--relink")
    (ben,) = [one["id"] for one in shown("contacts", "list") if one["id"] != ada]
    visitors("contacts", "update", "ada@example.com", "--email", "new@example.com")
    visitors("contacts", "update", ben, "--email", "ada@example.com")
    visitors("contacts", "update", ben, "--email", "ben@example.com")

    erase(visitors, "contacts", "erase", ada)

    links = [(one["fromContactId"], one["toContactId"]) for one in shown("show", "kiosk")["links"]]
    assert links == [(None, ben)]
    emails = [(one["before"], one["after"]) for one in shown("history", ben) if one["action"] == "changed"]
    told = [(before["email"], after["email"]) for before, after in emails]
    assert told == [(None, "ben@example.com"), ("ben@example.com", None)]
    sentences = [one["sentence"] for one in shown("explain", "kiosk")]
    assert sentences[-1].startswith(f"identified as ben@example.com ({ben})")
    assert "None" not in " ".join(sentences)


def test_an_email_that_somebody_who_stays_has_now_is_theirs(
    visitors: Visitors, ada: str, shown: Callable[..., Any]
) -> None:
    visitors("contacts", "create", "--id", "heir", "--email", "heir@example.com")
    visitors("contacts", "update", ada, "--email", "new@example.com")
    visitors("contacts", "update", "heir", "--email", "ada@example.com")
    receipt = erase(visitors, "contacts", "erase", ada)
    assert [one["kind"] for one in receipt["subjects"]].count("email") == 1
    (change,) = [one for one in shown("history", "heir") if one["action"] == "changed"]
    assert change["after"]["email"] == "ada@example.com"


def test_what_a_survivor_took_on_and_gave_up_goes_from_its_history(
    visitors: Visitors, ada: str, shown: Callable[..., Any]
) -> None:
    """Two people merged by mistake and split again: her name was in the other's history."""
    visitors("contacts", "create", "--id", "other", "--external-id", "other", "--metadata", "seats=2")
    visitors("contacts", "merge", "other", ada, "--yes")
    visitors("contacts", "update", "other", "--email", "o@example.com", "--name", "Other", "--unset", "plan")
    ids = visitors("contacts", "split", "other", "laptop", "--email", "ada@example.com").lines
    visitors("contacts", "update", "other", "--name", "Other One")
    receipt = erase(visitors, "contacts", "erase", ids[0])
    assert receipt["counts"]["contacts"] == 2, "the tombstone by which her email led to the other is hers"
    text = json.dumps(shown("history", "other"))
    for gone in ("ada@example.com", '"Ada"', "pro"):
        assert gone not in text
    for kept in ("Other", "o@example.com", "seats"):
        assert kept in text


def test_metadata_that_a_survivor_took_on_and_gave_up_go_from_its_history(
    visitors: Visitors, shown: Callable[..., Any]
) -> None:
    """Nothing else of the erased person was in the other's history."""
    visitors("contacts", "create", "--id", "other", "--email", "o@example.com", "--metadata", "seats=2")
    visitors("create", "--id", "laptop")
    visitors("identify", "laptop", "--email", "ada@example.com", "--metadata", "plan=pro")
    visitors("contacts", "merge", "other", "ada@example.com", "--yes")
    visitors("contacts", "update", "other", "--unset", "plan")
    visitors("contacts", "split", "other", "laptop", "--email", "ada@example.com")
    assert "pro" in json.dumps(shown("history", "other"))
    erase(visitors, "contacts", "erase", "ada@example.com")
    told = shown("history", "other")
    assert [one["command"] for one in told] == ["contacts update", "contacts merge", "contacts create"]
    assert not any(one["after"].get("metadata") or one["action"] == "created" for one in told[:2])
    assert "plan" not in json.dumps(told)


def test_the_tombstone_of_somebody_else_stays_while_a_third_person_has_its_email(
    visitors: Visitors, contacts_with_one_email: Callable[..., None], shown: Callable[..., Any], store_path: Path
) -> None:
    contacts_with_one_email("erased", "third", "merged", db=store_path)
    visitors("contacts", "create", "--id", "survivor")
    visitors("contacts", "merge", "survivor", "merged", "--yes")
    visitors("contacts", "update", "survivor", "--clear", "email")
    assert erase(visitors, "contacts", "erase", "erased")["counts"]["contacts"] == 1
    assert shown("contacts", "show", "merged")["id"] == "survivor"


def test_the_tombstone_of_who_was_split_off_stays_and_leads_to_them(
    visitors: Visitors, shown: Callable[..., Any], store_path: Path
) -> None:
    """Two people merged by mistake and taken apart again: the erasure of the one leaves what the other once was."""
    for id_, email in (("anna", "anna@example.com"), ("ben", "ben@example.com")):
        visitors("create", "--id", f"{id_}s-phone")
        visitors("contacts", "create", "--id", id_, "--email", email, "--name", f"The one of {id_}")
        visitors("identify", f"{id_}s-phone", "--email", email)
    visitors("contacts", "merge", "anna", "ben", "--yes")
    (new,) = visitors("contacts", "split", "anna", "bens-phone", "--email", "ben@example.com").lines
    told = visitors("contacts", "erase", "anna", "--yes").stderr
    assert f"kept contact ben: it was merged into theirs, and now belongs to contact {new};" in told
    assert shown("contacts", "show", "ben")["id"] == new
    assert "The one of ben" in json.dumps(rows_of(store_path, "SELECT * FROM contacts"))
    assert "anna" not in json.dumps(rows_of(store_path, "SELECT before, after FROM changes"))
    visitors("db", "check")
    erase(visitors, "contacts", "erase", new)
    assert b"The one of ben" not in store_path.read_bytes()


def test_a_removed_conversation_of_an_earlier_person_on_the_device_stays_in_the_history(
    visitors: Visitors, shown: Callable[..., Any], tmp_path: Path
) -> None:
    people = {"ben": {"email": "ben@example.com"}, "ada": {"email": "ada@example.com"}}
    talk = {"visitor": "kiosk", "contact": "ben", "messages": [{"visitor": "kiosk", "body": "from Ben"}]}
    content = {"version": 1, "contacts": people, "visitors": {"kiosk": {"contact": "ben"}}}
    path = tmp_path / "f.json"
    path.write_text(json.dumps({**content, "conversations": {"talk": talk}}))
    visitors("fixtures", "apply", str(path))
    visitors("identify", "kiosk", "--email", "ada@example.com", "--relink")
    path.write_text(json.dumps({**content, "visitors": {"kiosk": {"contact": "ada"}}}))
    visitors("fixtures", "apply", str(path), "--prune", "--yes")
    erase(visitors, "contacts", "erase", "ada@example.com")
    assert "from Ben" in json.dumps(shown("history", "--changes"))
    visitors("db", "check")


def test_a_deleted_contact_is_erased_by_its_email(visitors: Visitors, store_path: Path) -> None:
    for id_ in ("C", "D"):
        visitors("contacts", "create", "--id", id_, "--email", "c@example.com")
        visitors("contacts", "delete", id_)
    assert visitors("contacts", "erase", "c@example.com", "--yes", code=4).stderr.startswith(
        "error: 'c@example.com' is ambiguous: it matches the deleted contacts C, D"
    )
    erase(visitors, "contacts", "erase", "C")
    erase(visitors, "contacts", "erase", "c@example.com")
    assert b"c@example.com" not in store_path.read_bytes()


def test_a_record_that_only_the_history_has_goes_with_the_person(
    visitors: Visitors, ada: str, tmp_path: Path, store_path: Path
) -> None:
    contact = {"email": "ada@example.com", "name": "Ada"}
    path = tmp_path / "f.json"
    path.write_text(json.dumps({"version": 1, "contacts": {ada: contact}, "visitors": {"laptop": {"contact": ada}}}))
    visitors("fixtures", "apply", str(path), "--prune", "--yes")
    assert visitors("conversations", "list", "--format", "count").stdout == "0\n"
    assert "Hello" in json.dumps(rows_of(store_path, "SELECT before FROM changes"))
    erase(visitors, "contacts", "erase", ada)
    assert rows_of(store_path, "SELECT * FROM changes") == []


@pytest.mark.parametrize(("kind", "words"), [("visitor", ("erase",)), ("contact", ("contacts", "erase"))])
def test_records_only_in_the_history_are_erased_by_full_id(
    visitors: Visitors, store_path: Path, kind: str, words: tuple[str, ...]
) -> None:
    """As for a record whose creation was undone."""
    visitors("create", "--id", "gone-one")
    visitors("contacts", "create", "--id", "gone-one", "--email", "gone@example.com")
    with closing(sqlite3.connect(store_path)) as store:
        store.execute(OPEN_OPERATION)
        store.execute(f"DELETE FROM {kind}s")
        store.execute("UPDATE operations SET is_open = NULL WHERE is_open = 1")
        store.commit()
    visitors(*words, "gone", "--yes", code=3)
    receipt = erase(visitors, *words, "gone-one")
    assert (receipt["counts"][f"{kind}s"], receipt["counts"]["changes"]) == (0, 1)
    assert rows_of(store_path, "SELECT * FROM changes") == []
    visitors(*words, "gone-one", "--yes", code=3)


def test_operations_that_lost_changes_are_noted_and_those_that_made_records_are_not(
    visitors: Visitors, ada: str, store_path: Path
) -> None:
    erase(visitors, "contacts", "erase", ada)
    sql = "SELECT o.command FROM erased_changes AS e JOIN operations AS o ON o.pk = e.operation ORDER BY o.pk"
    # the first identify linked the laptop, the second the phone; delete deleted it
    assert [row[0] for row in rows_of(store_path, sql)] == ["identify", "identify", "delete"]


def test_a_new_record_under_a_number_that_was_given_before_is_the_new_operations(
    visitors: Visitors, shown: Callable[..., Any]
) -> None:
    for visitor in ("a", "b", "c"):
        visitors("create", "--id", visitor)
    erase(visitors, "erase", "b", "c")
    visitors("track", "--id", "d")
    assert [(one["command"], one["action"]) for one in shown("history", "d")] == [("track", "created")]
    counts = [(one["command"], one["changeCount"]) for one in shown("history")]
    assert counts == [("track", 1), ("erase", 0), ("create", 1), ("create", 1), ("create", 1)]


def test_history_shows_the_erasure_and_nobody_erased(visitors: Visitors, ada: str, shown: Callable[..., Any]) -> None:
    visitors("--as", "dpo", "contacts", "erase", "ada@example.com", "--yes")
    operation = shown("history")[0]
    assert (operation["actor"], operation["command"], operation["arguments"]) == ("dpo", "contacts erase", ["--yes"])
    assert shown("history", "--operation", operation["id"]) == []
    told = json.dumps(shown("history"))
    assert not any(text in told for text in ("example.com", "Ada", ada, "laptop"))


def test_the_same_person_may_come_back_as_a_new_record(visitors: Visitors, ada: str, tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.json"
    visitors("contacts", "erase", ada, "--yes", "-o", str(receipt))
    visitors("create", "--id", "laptop")
    visitors("identify", "laptop", "--email", "ada@example.com")
    page = visitors("show", "laptop", "--format", "json").json
    assert page["contact"]["id"] != ada
    assert page["conversations"] == []
    told = visitors("db", "check", "--receipt", str(receipt), code=8).stderr
    assert "an email that was erased is in the store again, in a contact: it was added after the erasure" in told
    assert "ada" not in told


def test_a_dump_carries_the_erasure_and_the_copy_verifies_its_receipt(
    visitors: Visitors, ada: str, tmp_path: Path
) -> None:
    receipt, dump = str(tmp_path / "receipt.json"), str(tmp_path / "dump.ndjson")
    visitors("contacts", "erase", ada, "--yes", "-o", receipt)
    visitors("db", "dump", "-o", dump)
    copy = str(tmp_path / "copy.db")
    visitors("--db", copy, "db", "load", dump)
    visitors("--db", copy, "db", "check", "--receipt", receipt)
    visitors("--db", copy, "db", "dump", "-o", f"{dump}.2")
    assert Path(dump).read_bytes() == Path(f"{dump}.2").read_bytes()
