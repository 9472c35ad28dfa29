"""`contacts subject-export`: everything about one person is in the document, and nothing about anybody else."""

from __future__ import annotations

import gzip
import json
import stat
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import visitors as api
from contract import VISITOR_KEYS
from visitors.domain.subject import ANOTHER_CONTACT, ANOTHER_TIME
from visitors.store.history.operations import OPEN_NUMBER

Visitors = Callable[..., Any]

NOW = "2026-03-10T00:00:00.000Z"
SECTIONS = [
    "subjectExport", "contact", "aliases", "visitors", "formerVisitors", "conversations", "blocks", "links", "history",
    "devicesOfOthers",
]  # fmt: skip


def exported(visitors: Visitors, contact: str) -> Any:
    return visitors("contacts", "subject-export", contact, now=NOW).json


@pytest.fixture
def alice(visitors: Visitors) -> list[str]:
    """A person with every kind of record, all of which must be found."""
    visitors("create", "--id", "her-laptop", "--ip", "192.0.2.1", "--city", "Lisbon", "--fingerprint", "fp-laptop")
    visitors("conversations", "start", "her-laptop", "--title", "Before she said who she was", "--message", "hello?")
    visitors("identify", "her-laptop", "--external-id", "alice", "--email", "former@example.com", "--name", "Alice A.")
    visitors("contacts", "update", "ext:alice", "--email", "alice@example.com", "--metadata", "plan=gold plated")
    visitors("contacts", "update", "ext:alice", "--metadata", "plan=silver", "--image", "https://example.com/a.png")
    visitors("create", "--id", "her-phone", "--language", "pt-PT", "--device", "Alice's phone")
    visitors("identify", "her-phone", "--email", "al@example.org", "--name", "Al")
    visitors("contacts", "merge", "ext:alice", "al@example.org", "--yes")
    visitors("block", "her-phone", "--reason", "lost it")
    visitors("unblock", "her-phone")
    visitors("block", "--contact", "ext:alice", "--reason", "chargeback", "--for", "1h", now="2026-03-01")
    talk = visitors("conversations", "list", "--format", "ids").stdout.strip()
    visitors("conversations", "reply", talk, "hello, Alice", "--as-agent", "Support")
    visitors("delete", "her-phone")
    return [
        "her-laptop", "her-phone", "192.0.2.1", "Lisbon", "fp-laptop", "Before she said who she was", "hello?",
        "former@example.com", "Alice A.", "alice@example.com", "gold plated", "silver", "https://example.com/a.png",
        "pt-PT", "Alice's phone", "al@example.org", "lost it", "chargeback", "Support", "hello, Alice",
    ]  # fmt: skip


@pytest.fixture
def stranger(visitors: Visitors, alice: list[str]) -> list[str]:
    """Somebody else, who uses her laptop later; nothing of him must be found."""
    assert alice
    visitors("create", "--id", "his-tablet", "--city", "Oslo")
    visitors("identify", "his-tablet", "--external-id", "bob", "--email", "bob@example.com", "--name", "Bob B.")
    visitors("identify", "her-laptop", "--external-id", "bob", "--relink")
    visitors("track", "--id", "her-laptop", "--city", "Bergen")
    visitors("conversations", "start", "her-laptop", "--message", "it is Bob")
    visitors("block", "her-laptop", "--reason", "Bob was rude")
    contact = visitors("contacts", "show", "ext:bob", "--format", "json").json["id"]
    return ["his-tablet", "Oslo", "bob", "Bob", "Bergen", contact]


def test_all_of_a_person_is_there_and_nothing_of_another(
    visitors: Visitors, alice: list[str], stranger: list[str]
) -> None:
    text = visitors("contacts", "subject-export", "ext:alice", now=NOW).stdout
    assert [value for value in alice if value not in text] == []
    assert [value for value in stranger if value in text] == []


def test_the_other_person_on_a_shared_computer_gets_only_the_time_that_was_theirs(
    visitors: Visitors, alice: list[str], stranger: list[str]
) -> None:
    text = visitors("contacts", "subject-export", "ext:bob", now=NOW).stdout
    assert [value for value in stranger if value not in text] == []
    assert [value for value in alice if value in text and value not in {"her-laptop", "fp-laptop"}] == []
    document = json.loads(text)
    laptop = next(one for one in document["visitors"] if one["id"] == "her-laptop")
    assert (laptop["city"], laptop["ip"], laptop["fingerprint"]) == ("Bergen", ANOTHER_TIME, "fp-laptop")
    assert [(one["fromContactId"], one["cause"]) for one in document["links"]] == [
        (None, "created"),
        (ANOTHER_CONTACT, "external-id"),
    ]


def test_it_is_one_document_with_the_same_keys_in_the_same_order(visitors: Visitors, alice: list[str]) -> None:
    assert alice
    document = exported(visitors, "ext:alice")
    assert list(document) == SECTIONS
    apart = {"contact", "blockedAt", "blockedBy", "blockReason", "blockExpiresAt"}
    assert [{*visitor} for visitor in document["visitors"]] == [{*VISITOR_KEYS} - apart] * len(document["visitors"])
    header = document["subjectExport"]
    assert list(header) == ["what", "format", "contactId", "exportedAt", "schemaVersion", "counts", "notes"]
    assert (header["contactId"], header["exportedAt"]) == (document["contact"]["id"], NOW)
    counted = {name: len(document[name]) for name in SECTIONS[2:-1]}
    messages = sum(len(one["messages"]) for one in document["conversations"])
    assert header["counts"] == {**counted, "messages": messages, "devicesOfOthers": 0}
    assert document["devicesOfOthers"] == {"visitors": [], "blocks": [], "links": [], "history": []}
    recorded = sum(one["changeCount"] for one in visitors("history", "--format", "json").json)
    assert counted == {
        "aliases": 1, "visitors": 2, "formerVisitors": 0, "conversations": 1, "blocks": 2, "links": 3,
        "history": recorded,
    }  # fmt: skip
    assert [one["state"] for one in document["blocks"]] == ["lifted", "expired"]
    assert document["aliases"][0]["mergedInto"] == header["contactId"]
    assert [one["deletedAt"] is not None for one in document["visitors"]] == [False, True]


@pytest.mark.usefixtures("stranger")
def test_a_device_of_somebody_else_stands_apart_with_her_time_and_not_as_it_is_now(
    visitors: Visitors, alice: list[str]
) -> None:
    assert alice
    visitors("contacts", "update", "ext:bob", "--name", "Bobby")
    document = exported(visitors, "ext:alice")
    assert [one["id"] for one in document["visitors"]] == ["her-phone"]
    assert document["formerVisitors"] == []
    others = document["devicesOfOthers"]
    [former] = others["visitors"]
    assert former["id"] == "her-laptop"
    assert former["since"] < former["until"]
    ends = [(one["fromContactId"], one["toContactId"]) for one in others["links"]]
    assert ends == [(None, document["contact"]["id"]), (document["contact"]["id"], ANOTHER_CONTACT)]
    assert {one["recordId"] for one in others["history"]} == {"her-laptop"}
    assert "her-laptop" not in {one["recordId"] for one in document["history"]}


def test_a_block_of_a_device_of_somebody_else_stands_with_it_if_it_was_made_in_her_time(visitors: Visitors) -> None:
    visitors("create", "--id", "kiosk")
    visitors("identify", "kiosk", "--external-id", "alice")
    visitors("block", "kiosk", "--reason", "alice was rude")
    visitors("unblock", "kiosk")
    visitors("identify", "kiosk", "--external-id", "bob", "--relink")
    visitors("block", "kiosk", "--reason", "bob was rude")
    document = exported(visitors, "ext:alice")
    others = document["devicesOfOthers"]
    assert (document["blocks"], [one["reason"] for one in others["blocks"]]) == ([], ["alice was rude"])
    assert {one["kind"] for one in others["history"]} == {"visitor", "block"}
    assert "bob was rude" not in json.dumps(document)
    theirs = exported(visitors, "ext:bob")
    assert [one["reason"] for one in theirs["blocks"]] == [ANOTHER_TIME, "bob was rude"]
    assert "alice was rude" not in json.dumps(theirs)


def test_a_device_that_was_unlinked_is_hers_until_somebody_else_has_it(visitors: Visitors) -> None:
    visitors("create", "--id", "phone", "--city", "Lisbon")
    visitors("identify", "phone", "--external-id", "alice")
    visitors("unidentify", "phone")
    visitors("track", "--id", "phone", "--city", "Porto")
    document = exported(visitors, "ext:alice")
    assert [(one["id"], one["city"]) for one in document["visitors"]] == [("phone", "Porto")]
    visitors("identify", "phone", "--external-id", "bob")
    document = exported(visitors, "ext:alice")
    assert (document["visitors"], "Porto" in json.dumps(document)) == ([], False)
    assert [one["id"] for one in document["devicesOfOthers"]["visitors"]] == ["phone"]


@pytest.mark.parametrize("reference", ["gone", "ada@example.com", "ext:ada-1"])
def test_a_contact_that_only_the_history_has_is_exported(visitors: Visitors, reference: str) -> None:
    visitors("contacts", "create", "--id", "gone", "--email", "Ada@example.com", "--external-id", "ada-1")
    visitors("undo")
    document = exported(visitors, reference)
    assert (document["contact"], document["subjectExport"]["contactId"]) == (None, "gone")
    assert [one["action"] for one in document["history"]] == ["created", "removed"]
    assert "ada@example.com" in json.dumps(document["history"])
    assert {one["recordId"] for one in document["history"]} == {"gone"}


def test_history_has_each_change_with_operation_time_actor_and_command(visitors: Visitors, alice: list[str]) -> None:
    assert alice
    document = exported(visitors, "ext:alice")
    contact = [one for one in document["history"] if one["recordId"] == document["contact"]["id"]]
    assert [one["command"] for one in contact[:3]] == ["identify", "contacts update", "contacts update"]
    assert contact[1]["before"]["email"] == "former@example.com"
    assert contact[1]["after"]["metadata"] == {"plan": "gold plated"}
    assert {"operationId", "at", "actor", "command"} < contact[0].keys()
    assert contact[0]["actor"] == "tester"
    order = visitors("history", "--format", "ids").lines[::-1]
    places = [order.index(one["operationId"]) for one in document["history"]]
    assert places == sorted(places)


def test_a_deleted_contact_is_exported_by_id_external_id_and_email(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "C", "--external-id", "c", "--email", "c@example.com")
    visitors("contacts", "delete", "C")
    for reference in ("C", "ext:c", "c@example.com"):
        assert exported(visitors, reference)["contact"]["deletedAt"] is not None
    visitors("contacts", "create", "--id", "D", "--email", "c@example.com")
    assert exported(visitors, "c@example.com")["contact"]["id"] == "D"
    visitors("contacts", "delete", "D")
    refused = visitors("contacts", "subject-export", "c@example.com", "--format", "json", code=4)
    assert refused.error["code"] == "ambiguous"
    visitors("contacts", "subject-export", "nobody@example.com", code=3)


def test_a_tombstone_means_its_survivor(visitors: Visitors) -> None:
    for id_ in ("A", "B"):
        visitors("contacts", "create", "--id", id_, "--name", f"name of {id_}")
    visitors("contacts", "merge", "A", "B", "--yes")
    document = exported(visitors, "B")
    assert (document["contact"]["id"], document["aliases"][0]["name"]) == ("A", "name of B")


def test_what_was_split_off_is_the_others_from_the_beginning(visitors: Visitors) -> None:
    visitors("create", "--id", "a")
    visitors("create", "--id", "b", "--city", "Basel")
    visitors("identify", "a", "--external-id", "anna", "--email", "anna@example.com")
    visitors("identify", "b", "--email", "ben@example.com", "--name", "Ben")
    visitors("conversations", "start", "b", "--message", "from Ben")
    visitors("contacts", "merge", "ext:anna", "ben@example.com", "--yes")
    visitors("track", "--id", "b", "--city", "Bern")
    visitors("contacts", "split", "ext:anna", "b", "--email", "ben@example.com")
    visitors("track", "--id", "b", "--city", "Brig")
    text = visitors("contacts", "subject-export", "ext:anna").stdout
    document = json.loads(text)
    assert [one["id"] for one in document["visitors"]] == ["a"]
    assert document["formerVisitors"] == document["aliases"] == document["conversations"] == []
    assert [value for value in ("Basel", "Bern", "Brig", "from Ben", "ben@") if value in text] == []
    # the merge gave her his name; what was recorded of her contact is in its history
    theirs = visitors("contacts", "subject-export", "ben@example.com").stdout
    assert [value for value in ("Basel", "Bern", "Brig", "from Ben", "Ben") if value not in theirs] == []
    assert "anna" not in theirs


def test_removed_conversations_are_in_the_history(visitors: Visitors, tmp_path: Path) -> None:
    fixture = tmp_path / "people.yaml"
    fixture.write_text(
        "version: 1\ncontacts: {C: {name: Cleo}}\nvisitors: {v: {contact: C}}\n"
        "conversations: {talk: {visitor: v, contact: C, messages: [{visitor: v, body: forget this}]}}\n"
    )
    visitors("fixtures", "apply", str(fixture), "--yes")
    fixture.write_text("version: 1\ncontacts: {C: {name: Cleo}}\nvisitors: {v: {contact: C}}\n")
    visitors("fixtures", "apply", str(fixture), "--prune", "--yes")
    document = exported(visitors, "C")
    assert document["conversations"] == []
    removed = [one for one in document["history"] if one["action"] == "removed"]
    assert sorted(one["kind"] for one in removed) == ["conversation", "message"]
    assert "forget this" in [(one["before"] or {}).get("body") for one in removed]


def test_a_removed_visitor_is_listed_with_its_time() -> None:
    with api.open_store(":memory:", now=NOW) as store:
        store.create("v", city="Turin")
        store.identify("v", external_id="u")
        with store._session.operation("undo"):
            store._session.store.execute("DELETE FROM visitors WHERE id = 'v'")
        document = store.contacts.subject_export("ext:u")
    assert (document["visitors"], document["formerVisitors"]) == ([], [{"id": "v", "since": NOW, "until": NOW}])
    own = [(one["action"], one["kind"]) for one in document["history"] if one["recordId"] == "v"]
    assert own == [("created", "visitor"), ("changed", "visitor"), ("removed", "visitor")]
    assert document["history"][0]["after"]["city"] == "Turin"


def test_a_link_that_was_undone_is_nobodys() -> None:
    with api.open_store(":memory:", now=NOW) as store:
        store.create("v", city="Turin")
        store.identify("v", external_id="mistaken")
        with store._session.operation("undo"):
            raw = store._session.store
            own = raw.ask(OPEN_NUMBER)
            raw.execute("UPDATE visitors SET contact_id = NULL WHERE id = 'v'")
            raw.execute("INSERT INTO undone (operation, target) VALUES (?, ?)", (own, own - 1))
        store.identify("v", external_id="right")
        assert "Turin" not in json.dumps(store.contacts.subject_export("ext:mistaken"))
        right = json.dumps(store.contacts.subject_export("ext:right"))
    assert "Turin" in right
    assert "mistaken" not in right


def test_a_file_is_private_whole_and_never_the_store(visitors: Visitors, tmp_path: Path, store_path: Path) -> None:
    visitors("contacts", "create", "--id", "C")
    target = tmp_path / "C.json"
    result = visitors("contacts", "subject-export", "C", "-o", str(target), now=NOW)
    assert result.stdout == ""
    assert result.stderr == f"wrote everything about contact C to {target}\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert target.read_text() == visitors("contacts", "subject-export", "C", "-o", "-", now=NOW).stdout
    assert target.read_text().startswith('{\n  "subjectExport": {\n    "what": ')
    packed = tmp_path / "C.json.gz"
    visitors("contacts", "subject-export", "C", "-o", str(packed), now=NOW)
    assert gzip.decompress(packed.read_bytes()) == target.read_bytes()
    before = store_path.read_bytes()
    visitors("contacts", "subject-export", "C", "-o", str(store_path), code=2)
    assert store_path.read_bytes() == before
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "elsewhere.json")
    visitors("contacts", "subject-export", "C", "-o", str(link))
    assert not link.is_symlink()
    assert not (tmp_path / "elsewhere.json").exists()
    visitors("contacts", "subject-export", "nobody", "-o", str(tmp_path / "none.json"), code=3)
    assert not (tmp_path / "none.json").exists()


@pytest.mark.parametrize("arguments", [["--format", "csv"], ["--format", "ndjson"], ["--fields", "contact"]])
def test_it_is_json_and_whole(visitors: Visitors, arguments: list[str]) -> None:
    visitors("contacts", "create", "--id", "C")
    visitors("contacts", "subject-export", "C", *arguments, code=2)
    assert visitors("contacts", "subject-export", "C", "--format", "json").json["contact"]["id"] == "C"


def test_reading_writes_nothing_and_hostile_text_steers_no_terminal(visitors: Visitors) -> None:
    visitors("contacts", "create", "--id", "C", "--name", "\x1b[31mred\u202e\u0007")
    before = visitors("history", "--format", "count").stdout
    text = visitors("contacts", "subject-export", "C").stdout
    assert not {"\x1b", "\u202e", "\u0007"} & set(text)
    assert json.loads(text)["contact"]["name"] == "\x1b[31mred\u202e\u0007"
    assert visitors("history", "--format", "count").stdout == before


def test_the_installed_command_hands_it_over(visitors_process: Visitors, tmp_path: Path) -> None:
    visitors_process("create", "--id", "v")
    visitors_process("identify", "v", "--external-id", "u1")
    target = tmp_path / "u1.json"
    visitors_process("contacts", "subject-export", "ext:u1", "-o", str(target))
    assert json.loads(target.read_text())["visitors"][0]["id"] == "v"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".u1")] == []


PEOPLE = ("ada", "ben", "cleo")
BROWSERS = ("laptop", "kiosk")
step = st.tuples(
    st.sampled_from(
        ["identify", "identify", "browse", "browse", "talk", "block", "rename", "unidentify", "merge", "delete"]
    ),
    st.sampled_from(BROWSERS),
    st.sampled_from(PEOPLE),
)


class People:
    """Who did what with which browser: every value is unique, so it shows in whose document it is."""

    def __init__(self, store: api.VisitorStore) -> None:
        self.store = store
        self.marks: dict[str, list[str]] = defaultdict(list)
        self.pending: dict[str, list[str]] = {browser: [] for browser in BROWSERS}
        self.linked: dict[str, str] = {}
        self.ever: dict[str, set[str]] = {browser: set() for browser in BROWSERS}
        self.merged: dict[str, str] = {}
        self.count = 0
        for browser in BROWSERS:
            store.track(browser)

    def person(self, name: str) -> str:
        return self.person(self.merged[name]) if name in self.merged else name

    def mark(self, browser: str) -> str:
        self.count += 1
        text = f"mark{self.count}x"
        holder = self.linked.get(browser)
        (self.marks[self.person(holder)] if holder else self.pending[browser]).append(text)
        return text

    def identify(self, browser: str, name: str) -> None:
        self.store.identify(browser, external_id=name, relink=True)
        self.linked[browser] = name
        self.ever[browser].add(name)
        self.marks[self.person(name)] += self.pending[browser]
        self.pending[browser] = []

    def of(self, name: str) -> set[str]:
        """What is somebody's in the end: also what came after they left a browser that nobody else ever had."""
        alone = [one for one, names in self.ever.items() if {self.person(had) for had in names} == {name}]
        return {*self.marks[name], *(mark for browser in alone for mark in self.pending[browser])}

    def browse(self, browser: str, _: str) -> None:
        self.store.track(browser, city=self.mark(browser), current_page={"url": self.mark(browser)})

    def talk(self, browser: str, _: str) -> None:
        self.store.conversations.start(browser, message=self.mark(browser))

    def block(self, browser: str, _: str) -> None:
        self.store.block(browser, reason=self.mark(browser))
        self.store.unblock(browser)

    def rename(self, _: str, name: str) -> None:
        if self.person(name) in self.marks or name in self.linked.values():
            self.count += 1
            self.marks[self.person(name)].append(f"mark{self.count}x")
            self.store.contacts.update(f"ext:{name}", name=f"mark{self.count}x")

    def unidentify(self, browser: str, _: str) -> None:
        self.store.unidentify(browser)
        self.linked.pop(browser, None)

    def merge(self, _: str, name: str) -> None:
        others = [one for one in PEOPLE if self.store.contacts.find(f"ext:{one}") and one not in self.merged]
        if len(others) > 1 and name in others:
            survivor = next(one for one in others if one != name)
            self.store.contacts.merge(f"ext:{survivor}", f"ext:{name}", force=True)
            self.merged[name] = survivor
            self.marks[survivor] += self.marks.pop(name, [])

    def delete(self, browser: str, _: str) -> None:
        self.store.delete(browser)
        self.store.restore(browser)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(step, max_size=25))
def test_every_value_is_in_the_document_of_the_person_whose_it_is_and_in_no_other(
    steps: list[tuple[str, str, str]],
) -> None:
    with api.open_store(":memory:", now=NOW) as store:
        people = People(store)
        for action, browser, name in steps:
            act = {one: getattr(people, one) for one in ("identify", "browse", "talk", "block", "rename")}
            act |= {one: getattr(people, one) for one in ("unidentify", "merge", "delete")}
            if action == "rename" and store.contacts.find(f"ext:{name}") is None:
                continue
            act[action](browser, name)
        every = {mark for marks in (*people.marks.values(), *people.pending.values()) for mark in marks}
        for name in PEOPLE:
            if name in people.merged or store.contacts.find(f"ext:{name}") is None:
                continue
            text = json.dumps(store.contacts.subject_export(f"ext:{name}"))
            found = {mark for mark in every if mark in text}
            assert found == people.of(name)
