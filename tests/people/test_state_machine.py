"""Random commands compared with a simple model, and invariants after each.

Commands run in this process, as a user would type them; after each one the whole store is read and compared with the
model. VISITORS_LONG_TESTS=1 runs longer.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from views_agree import assert_views_agree
from visitors.domain.times import from_milliseconds
from visitors.errors import Conflict, NotFound
from visitors.main import run
from visitors.operations import references
from visitors.store.file.opening import open_store
from visitors.store.places import File
from visitors.store.schema.recorded import COLUMNS, RECORDED
from visitors.store.store import Store

LONG = bool(os.environ.get("VISITORS_LONG_TESTS"))  # read before the tests' isolation removes it
START = 1_772_000_000_000
HOUR = 3_600_000

VISITOR_IDS = ("laptop", "phone", "tablet", "kiosk")
visitor_ids = st.sampled_from(VISITOR_IDS)
external_ids = st.sampled_from([None, "x", "y", "z"])
emails = st.sampled_from([None, "a@example.com", "b@example.com", "c@example.com"])
metadata_keys = st.sampled_from([None, "plan", "team"])
policies = st.sampled_from(["error", "external-id-wins", "merge"])
hours = st.sampled_from([None, 1, 5, 20])
sometimes = st.integers(0, 2).map(lambda number: number == 0)
numbers = st.integers(0, 30)

Rows = dict[tuple[str, str], dict[str, Any]]


class Refused(Exception):
    """The model expects the command to be refused with this code."""


class Person(msgspec.Struct):
    """A contact in the model."""

    id: str
    external_id: str | None = None
    email: str | None = None
    metadata: dict[str, str] = {}
    deleted: bool = False
    merged_into: str | None = None


class Browser(msgspec.Struct):
    """A visitor in the model."""

    contact: str | None = None
    deleted: bool = False


class Talk(msgspec.Struct):
    """A conversation in the model."""

    visitor: str
    owner: str | None
    status: str = "open"
    messages: int = 1


class Bar(msgspec.Struct):
    """A block in the model: its target, reason (unique except after a split), and expiry."""

    target: str
    reason: str
    expires: int | None
    lifted: bool = False

    def live(self, at: int) -> bool:
        return not self.lifted and (self.expires is None or self.expires > at)


class Model:
    """The expected content of the store. A method that raises Refused has changed nothing."""

    def __init__(self) -> None:
        self.visitors: dict[str, Browser] = {}
        self.people: dict[str, Person] = {}
        self.talks: dict[str, Talk] = {}
        self.bars: list[Bar] = []
        self.at = START

    def survivor(self, person_id: str) -> Person:
        person = self.people[person_id]
        return self.survivor(person.merged_into) if person.merged_into else person

    def with_external_id(self, external_id: str | None) -> Person | None:
        having = [person for person in self.people.values() if external_id and person.external_id == external_id]
        standing = [person for person in having if not person.merged_into]
        assert len(standing) <= 1
        return standing[0] if standing else self.survivor(having[0].id) if having else None

    def with_email(self, email: str | None) -> list[Person]:
        having = [person for person in self.people.values() if email and person.email == email]
        for among in ([one for one in having if not one.merged_into], [one for one in having if one.merged_into]):
            found = {one.id: one for one in (self.survivor(one.id) for one in among) if not one.deleted}
            if found:
                return list(found.values())
        return []

    def deleted_with_email(self, email: str) -> list[Person]:
        return [one for one in self.people.values() if one.email == email and one.deleted and not one.merged_into]

    def living(self, visitor: str) -> Browser:
        browser = self.visitors.get(visitor)
        if browser is None:
            raise Refused("visitor_not_found")
        if browser.deleted:
            raise Refused("visitor_deleted")
        return browser

    def blocked(self, *targets: str | None) -> bool:
        return any(bar.live(self.at) for bar in self.bars if bar.target in targets)

    def identify(  # noqa: C901, PLR0912 - the contract's rules, in the contract's order
        self, visitor: str, external_id: str | None, email: str | None, key: str | None, policy: str, *, relink: bool
    ) -> Person | None:
        """Return the contact to link to; None for a new one, which `created` adds."""
        browser = self.living(visitor)
        strong, weak = self.with_external_id(external_id), self.with_email(email)
        merges: list[Person] = []
        alone = False
        if strong is not None:
            others = [] if email == strong.email else [person for person in weak if person.id != strong.id]
            if others and policy == "error":
                raise Refused("contact_conflict")
            merges, alone = (others, False) if policy == "merge" else ([], bool(others))
            chosen: Person | None = strong
        elif len(weak) > 1:
            raise Refused("ambiguous")
        elif weak and external_id and weak[0].external_id:
            if policy != "external-id-wins":
                raise Refused("contact_conflict")
            chosen, alone = None, True
        else:
            chosen = weak[0] if weak else None
        if chosen is not None and chosen.deleted:
            raise Refused("contact_deleted")
        known = [] if chosen is None else [chosen.id, *(other.id for other in merges)]
        if browser.contact not in (None, *known) and not relink:
            raise Refused("linked_elsewhere")
        if chosen is not None and any(other.external_id for other in merges) and chosen.external_id:
            raise Refused("two_external_ids")
        if chosen is None:
            return None
        for other in merges:
            self.absorb(chosen, other)
        if external_id and chosen.external_id is None:
            chosen.external_id = external_id
        if email and not (alone or merges or chosen in weak):
            chosen.email = email
        self.settle(visitor, chosen, key)
        return chosen

    def created(
        self, visitor: str, person_id: str, external_id: str | None, email: str | None, key: str | None
    ) -> None:
        """Add a new contact: its email is unique, unless another contact with it was left alone."""
        self.people[person_id] = Person(person_id, external_id, None if self.with_email(email) else email)
        self.settle(visitor, self.people[person_id], key)

    def settle(self, visitor: str, person: Person, key: str | None) -> None:
        if key:
            person.metadata = {**person.metadata, key: "said"}
        if self.visitors[visitor].contact != person.id:
            self.visitors[visitor].contact = person.id
            for talk in self.talks.values():
                if talk.visitor == visitor and talk.owner is None:
                    talk.owner = person.id

    def absorb(self, survivor: Person, other: Person) -> None:
        survivor.external_id = survivor.external_id or other.external_id
        survivor.email = survivor.email or other.email
        survivor.metadata = {**other.metadata, **survivor.metadata}
        other.merged_into = survivor.id
        for browser in self.visitors.values():
            browser.contact = survivor.id if browser.contact == other.id else browser.contact
        for talk in self.talks.values():
            talk.owner = survivor.id if talk.owner == other.id else talk.owner
        for bar in self.bars:
            bar.target = survivor.id if bar.target == other.id else bar.target

    def merge(self, survivor: str, others: list[str], *, force: bool) -> None:
        named = [survivor, *others]
        for position, person_id in enumerate(named):
            if self.survivor(person_id).deleted:
                raise Refused("contact_deleted")
            if self.people[person_id].merged_into:
                raise Refused("contact_merged")
            if person_id in named[:position]:
                raise Refused("merge_with_itself")
        if not force and len([one for one in named if self.people[one].external_id]) > 1:
            raise Refused("two_external_ids")
        for other in others:
            self.absorb(self.people[survivor], self.people[other])

    def split(self, person: Person, visitors: list[str]) -> None:
        if person.deleted:
            raise Refused("contact_deleted")
        if any(visitor not in self.visitors for visitor in visitors):
            raise Refused("visitor_not_found")
        for visitor in visitors:
            self.living(visitor)
        if any(self.visitors[visitor].contact != person.id for visitor in visitors):
            raise Refused("not_of_contact")

    def split_into(self, person: Person, visitors: list[str], new_id: str) -> None:
        self.people[new_id] = Person(new_id)
        for visitor in visitors:
            self.visitors[visitor].contact = new_id
        for talk in self.talks.values():
            if talk.owner == person.id and talk.visitor in visitors:
                talk.owner = new_id
        self.bars += [
            msgspec.structs.replace(bar, target=new_id)
            for bar in self.bars
            if bar.target == person.id and bar.live(self.at)
        ]


class Outcome(msgspec.Struct):
    """The result of a command: its record, or the code of its refusal."""

    code: int
    record: Any
    refusal: str | None


class People(RuleBasedStateMachine):
    """The rules are the commands; `_run` checks the invariants after each of them."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="visitors-people-")
        self.path = Path(self.folder.name) / "visitors.db"
        self.model = Model()
        self.reasons = 0
        self.before: Rows = {}
        self.made: Rows = {}
        self.operations = 0
        self.store: Store = open_store(File.at(self.path))
        for visitor in VISITOR_IDS[:-1]:  # one is still to be created
            self.track(visitor, None)
        self._identify("laptop", "x", None, "plan", "error", relink=False)
        self._identify("phone", None, "a@example.com", "team", "error", relink=False)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            with self.store.reading():
                assert_views_agree(self.store, from_milliseconds(self.model.at))
            self.store.close()
            self.folder.cleanup()

    # What visitors do

    @rule(visitor=visitor_ids, fingerprint=st.sampled_from([None, "f1", "f2"]))
    def track(self, visitor: str, fingerprint: str | None) -> None:
        browser = self.model.visitors.get(visitor)
        found: list[str] = []
        if browser is None and fingerprint:
            rows = self._rows()
            found = [
                key[1]
                for key, row in rows.items()
                if key[0] == "visitor" and row["fingerprint"] == fingerprint and row["deleted_at"] is None
            ]
        expected = "visitor_deleted" if browser is not None and browser.deleted else None
        options = ["--fingerprint", fingerprint] if fingerprint else []
        outcome = self._command("track", "--id", visitor, *options, expected=expected)
        if expected is None and browser is None:
            recognised = found[0] if len(found) == 1 else None
            assert outcome.record["id"] == (recognised or visitor)
            if recognised is None:
                self.model.visitors[visitor] = Browser()
        self._check()

    @rule(visitor=visitor_ids)
    def start(self, visitor: str) -> None:
        expected = self._refusal_to_write(visitor)
        outcome = self._command("conversations", "start", visitor, "--message", "hello", expected=expected)
        if expected is None:
            self.model.talks[outcome.record["id"]] = Talk(visitor, self.model.visitors[visitor].contact)
        self._check()

    @precondition(lambda self: self.model.talks)
    @rule(visitor=visitor_ids, number=numbers)
    def reply(self, visitor: str, number: int) -> None:
        talk_id, talk = self._pick(self.model.talks, number)
        expected = self._refusal_to_write(visitor)
        if expected is None:
            contact = self.model.visitors[visitor].contact
            sees = talk.owner == contact if contact else talk.visitor == visitor and talk.owner is None
            expected = None if sees else "not_of_visitor"
        self._command("conversations", "reply", talk_id, "again", "--as-visitor", visitor, expected=expected)
        if expected is None:
            talk.messages += 1
            talk.status = "open"
        self._check()

    # What agents do

    @precondition(lambda self: self.model.talks)
    @rule(number=numbers, answer=sometimes)
    def resolve(self, number: int, answer: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        talk_id, talk = self._pick(self.model.talks, number)
        if answer:
            nobodys = talk.owner is None and self.model.visitors[talk.visitor].deleted
            expected = "visitor_deleted" if nobodys else None
            self._command("conversations", "reply", talk_id, "yes?", "--as-agent", "Bea", expected=expected)
            talk.messages += expected is None
            talk.status = "open" if expected is None else talk.status
        else:
            self._command("conversations", "resolve", talk_id)
            talk.status = "resolved"
        self._check()

    @rule(
        visitor=visitor_ids,
        external_id=external_ids,
        email=emails,
        key=metadata_keys,
        policy=policies,
        relink=sometimes,
    )
    def identify(
        self,
        visitor: str,
        external_id: str | None,
        email: str | None,
        key: str | None,
        policy: str,
        relink: bool,  # noqa: FBT001 - drawn by hypothesis
    ) -> None:
        self._identify(visitor, external_id, email, key, policy, relink=relink)

    def _identify(
        self, visitor: str, external_id: str | None, email: str | None, key: str | None, policy: str, *, relink: bool
    ) -> None:
        if external_id is None and email is None:
            external_id = "x"
        given = {"--external-id": external_id, "--email": email, "--metadata": key and f"{key}=said"}
        options = [word for name, value in given.items() if value for word in (name, value)]
        options += ["--on-conflict", policy, *(["--relink"] if relink else [])]
        expected, chosen = None, None
        try:
            chosen = self.model.identify(visitor, external_id, email, key, policy, relink=relink)
        except Refused as refused:
            expected = str(refused)
        outcome = self._command("identify", visitor, *options, expected=expected)
        if expected is None and chosen is None:
            assert outcome.record["outcome"] == "created"
            self.model.created(visitor, outcome.record["contact"]["id"], external_id, email, key)
        elif chosen is not None:
            assert outcome.record["contact"]["id"] == chosen.id
        self._check()
        if expected is None:
            operations = self.operations
            again = self._command("identify", visitor, *options)
            assert again.record["outcome"] == "unchanged"
            self._check()
            assert self.operations == operations

    @precondition(lambda self: len(self.model.people) > 1)
    @rule(visitor=visitor_ids, first=numbers, second=numbers, key=metadata_keys, policy=policies, relink=sometimes)
    def identify_across(
        self,
        visitor: str,
        first: int,
        second: int,
        key: str | None,
        policy: str,
        relink: bool,  # noqa: FBT001 - drawn by hypothesis
    ) -> None:
        """Use the identities of two existing people, which random choices rarely do."""
        named = [one for one in self.model.people.values() if one.external_id]
        weak = [one for one in self.model.people.values() if one.email and not one.external_id]
        external_id = named[first % len(named)].external_id if named else None
        email = weak[second % len(weak)].email if weak else None
        self._identify(visitor, external_id, email, key, policy, relink=relink)

    @rule(visitor=visitor_ids)
    def unidentify(self, visitor: str) -> None:
        expected = self._refusal(lambda: self.model.living(visitor))
        self._command("unidentify", visitor, expected=expected)
        if expected is None:
            self.model.visitors[visitor].contact = None
        self._check()

    @precondition(lambda self: len(self.model.people) > 1)
    @rule(first=numbers, second=numbers, third=st.one_of(st.none(), numbers), force=sometimes)
    def merge(self, first: int, second: int, third: int | None, force: bool) -> None:  # noqa: FBT001 - drawn
        survivor, *others = [
            self._pick(self.model.people, number)[0] for number in (first, second, third) if number is not None
        ]
        expected = self._refusal(lambda: self.model.merge(survivor, others, force=force))
        options = ["--yes", *(["--force"] if force else [])]
        self._command("contacts", "merge", survivor, *others, *options, expected=expected)
        self._check()

    @precondition(lambda self: any(one.contact for one in self.model.visitors.values()))
    @rule(visitors=st.lists(visitor_ids, min_size=1, max_size=2, unique=True), number=numbers)
    def split(self, visitors: list[str], number: int) -> None:
        contact = self.model.visitors.get(visitors[0], Browser()).contact
        person = self.model.survivor(contact or self._pick(self.model.people, number)[0])
        expected = self._refusal(lambda: self.model.split(person, visitors))
        outcome = self._command("contacts", "split", person.id, *visitors, expected=expected)
        if expected is None:
            self.model.split_into(person, visitors, outcome.record["id"])
        self._check()

    @rule(visitor=visitor_ids, lasts=hours)
    def block_visitor(self, visitor: str, lasts: int | None) -> None:
        expected = self._refusal(lambda: self.model.living(visitor))
        self._block(["block", visitor], visitor, lasts, expected)

    @precondition(lambda self: self.model.people)
    @rule(number=numbers, lasts=hours)
    def block_contact(self, number: int, lasts: int | None) -> None:
        alias = self._pick(self.model.people, number)[0]
        self._block(["block", "--contact", alias], self.model.survivor(alias).id, lasts, None)

    @rule(visitor=visitor_ids)
    def unblock_visitor(self, visitor: str) -> None:
        expected = self._refusal(lambda: self.model.living(visitor))
        if expected is None and self.model.blocked(self.model.visitors[visitor].contact):
            expected = "contact_blocked"
        self._command("unblock", visitor, expected=expected)
        self._lift(visitor, expected)

    @precondition(lambda self: self.model.people)
    @rule(number=numbers)
    def unblock_contact(self, number: int) -> None:
        alias = self._pick(self.model.people, number)[0]
        self._command("unblock", "--contact", alias)
        self._lift(self.model.survivor(alias).id, None)

    @rule(visitor=visitor_ids, deleted=st.booleans())
    def delete_or_restore_visitor(self, visitor: str, deleted: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        expected = None if visitor in self.model.visitors else "visitor_not_found"
        self._command("delete" if deleted else "restore", visitor, expected=expected)
        if expected is None:
            self.model.visitors[visitor].deleted = deleted
        self._check()

    @precondition(lambda self: self.model.people)
    @rule(number=numbers, deleted=st.booleans())
    def delete_or_restore_contact(self, number: int, deleted: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        alias = self._pick(self.model.people, number)[0]
        person = self.model.survivor(alias)
        rivals = [one for one in self.model.with_email(person.email) if one.email == person.email]
        expected = "contact_exists" if person.deleted and not deleted and rivals else None
        self._command("contacts", "delete" if deleted else "restore", alias, expected=expected)
        if expected is None:
            person.deleted = deleted
        self._check()

    @rule(passing=st.sampled_from([1, 4, 30]))
    def time_passes(self, passing: int) -> None:
        self.model.at += passing * HOUR
        self._check()

    # How a rule runs a command

    def _block(self, words: list[str], target: str, lasts: int | None, expected: str | None) -> None:
        self.reasons += 1
        reason = f"reason {self.reasons}"
        options = ["--reason", reason, *(["--for", f"{lasts}h"] if lasts else [])]
        self._command(*words, *options, expected=expected)
        if expected is None:
            for bar in self.model.bars:
                bar.lifted |= bar.target == target and bar.live(self.model.at)
            self.model.bars.append(Bar(target, reason, self.model.at + lasts * HOUR if lasts else None))
        self._check(unblocked=target if expected is None else None)

    def _lift(self, target: str, expected: str | None) -> None:
        lifted = [bar for bar in self.model.bars if bar.target == target and bar.live(self.model.at)]
        for bar in lifted if expected is None else []:
            bar.lifted = True
        self._check(unblocked=target if expected is None else None)

    def _refusal_to_write(self, visitor: str) -> str | None:
        refusal = self._refusal(lambda: self.model.living(visitor))
        if refusal is None and self.model.blocked(visitor, self.model.visitors[visitor].contact):
            return "visitor_blocked"
        return refusal

    @staticmethod
    def _refusal(attempt: Any) -> str | None:
        try:
            attempt()
        except Refused as refused:
            return str(refused)
        return None

    @staticmethod
    def _pick(records: dict[str, Any], number: int) -> tuple[str, Any]:
        items = list(records.items())
        return items[number % len(items)]

    def _command(self, *words: str, expected: str | None = None) -> Outcome:
        """Run a command a second after the last one; it must be refused with `expected`, or succeed."""
        self.model.at += 1_000
        environment = {"VISITORS_NOW": from_milliseconds(self.model.at)}
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, environment),
            mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO())),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = run([*words, "--db", str(self.path), "--as", "tester", "--format", "json"])
        refusal = json.loads(err.getvalue())["error"]["code"] if code else None
        assert refusal == expected, f"{words}: {refusal or 'done'}, not {expected or 'done'}: {err.getvalue()}"
        if expected is not None:
            assert self._rows() == self.before, f"{words} was refused, but changed something"
        return Outcome(code, json.loads(out.getvalue()) if code == 0 else None, refusal)

    # What must always be true

    def _check(self, *, unblocked: str | None = None) -> None:
        with self.store.reading():
            rows = self._rows()
            if rows != self.before:
                self.operations = self._count_operations()
            assert self._count_operations() == self.operations, "an operation that changed nothing was recorded"
            self._visitors_have_one_live_contact(rows)
            self._an_email_is_that_of_one(rows)
            self._conversations_are_where_they_belong(rows)
            self._contacts_are_those_of_the_model(rows)
            self._blocks_stay(rows, unblocked)
            self._every_alias_resolves()
            self._unwind({key: dict(row) for key, row in rows.items()})
        self.before = rows

    def _visitors_have_one_live_contact(self, rows: Rows) -> None:
        visitors = {key[1]: row for key, row in rows.items() if key[0] == "visitor"}
        assert {visitor: (row["contact_id"], row["deleted_at"] is not None) for visitor, row in visitors.items()} == {
            visitor: (browser.contact, browser.deleted) for visitor, browser in self.model.visitors.items()
        }
        for row in visitors.values():
            if row["contact_id"] is not None:
                assert rows["contact", row["contact_id"]]["merged_into"] is None

    @staticmethod
    def _an_email_is_that_of_one(rows: Rows) -> None:
        emails = Counter(
            row["email"]
            for (kind, _), row in rows.items()
            if kind == "contact" and row["email"] and row["deleted_at"] is None and row["merged_into"] is None
        )
        assert [email for email, count in emails.items() if count > 1] == []

    def _conversations_are_where_they_belong(self, rows: Rows) -> None:
        counts: dict[str, int] = {}
        for key, row in rows.items():
            if key[0] == "message":
                counts[row["conversation_id"]] = counts.get(row["conversation_id"], 0) + 1
        assert {
            key[1]: Talk(row["visitor_id"], row["contact_id"], row["status"], counts.get(key[1], 0))
            for key, row in rows.items()
            if key[0] == "conversation"
        } == self.model.talks

    def _contacts_are_those_of_the_model(self, rows: Rows) -> None:
        stored = {
            key[1]: Person(
                row["id"],
                row["external_id"],
                row["email"],
                json.loads(row["metadata"]),
                row["deleted_at"] is not None,
                row["merged_into"],
            )
            for key, row in rows.items()
            if key[0] == "contact"
        }
        assert stored == self.model.people
        standing = [one.external_id for one in stored.values() if one.external_id and not one.merged_into]
        assert len(standing) == len(set(standing))

    def _blocks_stay(self, rows: Rows, unblocked: str | None) -> None:
        stored = [row for key, row in rows.items() if key[0] == "block"]
        now = from_milliseconds(self.model.at)
        for key, row in self.before.items():
            if (
                key[0] == "block"
                and row["lifted_at"] is None
                and (row["expires_at"] is None or row["expires_at"] > now)
            ):
                still = rows[key]["lifted_at"] is None and rows[key]["expires_at"] == row["expires_at"]
                assert still or unblocked in (row["visitor_id"], row["contact_id"])

        def told(target: str, reason: str, expires: str | None, lifted: bool) -> str:  # noqa: FBT001 - a value
            return f"{target} {reason} {expires} {lifted}"

        assert sorted(
            told(row["visitor_id"] or row["contact_id"], row["reason"], row["expires_at"], row["lifted_at"] is not None)
            for row in stored
        ) == sorted(
            told(bar.target, bar.reason, from_milliseconds(bar.expires) if bar.expires else None, bar.lifted)
            for bar in self.model.bars
        )

    def _every_alias_resolves(self) -> None:
        for person in self.model.people.values():
            survivor = self.model.survivor(person.id)
            assert self._resolved(person.id) == survivor.id
            if person.external_id:
                standing = self.model.with_external_id(person.external_id)
                assert standing is not None
                assert self._resolved(f"ext:{person.external_id}") == standing.id
            if person.email:
                found = self.model.with_email(person.email)
                named = [one.id for one in found or self.model.deleted_with_email(person.email)]
                expected = named[0] if len(named) == 1 else "ambiguous" if named else "contact_not_found"
                assert self._resolved(person.email) == expected
                assert survivor.deleted or found, "the email of somebody live means nobody"

    def _resolved(self, reference: str) -> str:
        try:
            return references.contact(self.store, reference, from_milliseconds(self.model.at)).id
        except (Conflict, NotFound) as error:
            return error.code

    def _rows(self) -> Rows:
        found: Rows = {}
        for kind, table in RECORDED.items():
            columns = COLUMNS[kind][1:]  # without the number
            rows = self.store.execute(f"SELECT {', '.join(columns)} FROM {table}")
            found |= {(kind, row[0]): dict(zip(columns, row, strict=True)) for row in rows}
        return found

    def _count_operations(self) -> int:
        count: int = self.store.execute("SELECT count(*) FROM operations").fetchone()[0]
        return count

    def _changes(self) -> Iterator[tuple[tuple[str, str], Any, Any]]:
        for kind, record, before, after in self.store.execute(
            "SELECT kind, record, before, after FROM changes ORDER BY operation, pk"
        ):
            yield (kind, record), before and json.loads(before), after and json.loads(after)

    def _unwind(self, records: Rows) -> None:
        """Revert the changes, newest first: each record must end in one state, that of its creation."""
        for key, before, after in reversed(list(self._changes())):
            assert before is not None
            assert after is not None
            assert {column: records[key][column] for column in after} == after
            records[key].update(before)
        assert {key: self.made.setdefault(key, row) for key, row in records.items()} == records
        made: dict[str, int] = dict(
            self.store.execute("SELECT kind, sum(last - first + 1) FROM creations GROUP BY kind")
        )
        assert made == Counter(kind for kind, _ in records)


def test_anything_in_any_order_keeps_every_promise() -> None:
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    bounds = (500, 60) if LONG else (30, 25)
    phases = [Phase.reuse, Phase.generate, *([Phase.shrink] if LONG else [])]  # shrinking takes minutes
    run_state_machine_as_test(
        People,
        settings=settings(
            max_examples=bounds[0],
            stateful_step_count=bounds[1],
            phases=phases,
            deadline=None,
            suppress_health_check=checks,
        ),
    )
