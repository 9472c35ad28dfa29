"""`store.contacts`: the people behind visitors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack, cast

import msgspec

from visitors.api.arguments import contact_selection, identity, public, refuse_unknown_policy, text_of
from visitors.api.importing import Reject, Rows, SetAside, reading
from visitors.api.results import Erased, Imported
from visitors.api.session import Session
from visitors.domain import normalise
from visitors.domain.contact import Contact, Duplicate, ListedContact, Person
from visitors.domain.contact_selection import ChosenContacts
from visitors.domain.decision import OnConflict, OnExisting
from visitors.domain.identity import CLEARABLE_OF_CONTACT
from visitors.domain.ids import given_contact_id
from visitors.domain.page import ContactPage
from visitors.domain.times import Time
from visitors.errors import NotFound, UsageProblem
from visitors.input.formats import Format
from visitors.input.kinds import CONTACTS
from visitors.operations import block, merge, references
from visitors.operations.contact_import import take_contacts
from visitors.operations.import_ import Policy
from visitors.operations.imported_blocks import Left
from visitors.operations.investigate import contact_page
from visitors.operations.subject import subject_export
from visitors.store.query.contacts import SORTABLE
from visitors.store.query.listing import Page
from visitors.store.records import contacts, duplicates, states
from visitors.store.store import OpenOperation, Store

_Act = Callable[[Store, OpenOperation, list[str]], object]


class Contacts:
    """The contacts of a store, as `store.contacts`.

    Name a contact by its id or a unique prefix of it, by email, or by `ext:` and its external id. A method that
    takes several contacts changes all of them or none.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(
        self,
        id: str | None = None,  # noqa: A002 - the field's name
        *,
        exist_ok: bool = False,
        **person: Unpack[Person],
    ) -> Contact:
        """Create a contact, with a new id unless one is given.

        Raises InvalidData, and Conflict if the id, external id or email belongs to another contact; with `exist_ok`
        that contact is returned unchanged.
        """
        contact_id = given_contact_id(id) if id is not None else None
        said = identity(person)
        with self._session.operation("contacts create") as operation:
            if exist_ok:
                created, _ = merge.find_or_create_contact(self._session.store, operation, said, contact_id=contact_id)
            else:
                created = merge.create_contact(self._session.store, operation, said, contact_id=contact_id)
            return self._found(created, operation)

    def find(self, contact: str) -> Contact | None:
        """Return a contact, deleted or not, or None if there is none. One that was merged is its survivor.

        Raises Conflict if several contacts match, and InvalidData for an invalid email.
        """
        with self._session.reading() as store:
            try:
                return references.contact(store, contact, self._session.clock())
            except NotFound:
                return None

    def show(self, contact: str) -> ContactPage:
        """Return a contact with its devices, blocks, conversations, merged contacts and latest changes.

        Raises NotFound, Conflict if several contacts match, and InvalidData for an invalid email.
        """
        current = self._session.clock()
        with self._session.reading() as store:
            return contact_page(store, references.contact(store, contact, current).id, current)

    def import_(
        self,
        rows: Rows,
        *,
        columns: Mapping[str, str] | None = None,
        mapping: str | Path | None = None,
        input_format: Format | None = None,
        delimiter: str | None = None,
        encoding: str | None = None,
        nulls: Sequence[str] = (),
        ignore_unknown: bool = False,
        on_existing: OnExisting = "update",
        on_conflict: OnConflict = "error",
        reject: Reject | None = None,
    ) -> Imported:
        """Import contacts from a file, or from objects with the fields of a contact. Nothing is written if a row is
        bad.

        The arguments are those of `VisitorStore.import_`.

        Raises UsageProblem for arguments that make no sense, NotFound if the file is missing, and the error of the
        first bad row: InvalidData, or Conflict if it contradicts the store.
        """
        refuse_unknown_policy(on_existing, on_conflict)
        policy = Policy(on_existing=on_existing, on_conflict=on_conflict)
        aside = SetAside(reject) if reject is not None else None
        left: Counter[Left] = Counter()
        with (
            reading(
                rows,
                CONTACTS,
                columns=columns,
                mapping=mapping,
                input_format=input_format,
                delimiter=delimiter,
                encoding=encoding,
                nulls=nulls,
                ignore_unknown=ignore_unknown,
                keep_values=aside is not None,
            ) as (checked, _),
            self._session.operation("contacts import") as operation,
        ):
            taken = take_contacts(self._session.store, operation, checked, policy, aside, left)
        return Imported.of(taken, aside.count if aside else 0, left)

    def subject_export(self, contact: str) -> dict[str, Any]:
        """Return everything that the store knows about a person, as the command `contacts subject-export` writes
        it.

        Raises NotFound, Conflict if several contacts match, and InvalidData for an invalid email.
        """
        current = self._session.clock()
        with self._session.reading() as store:
            found = subject_export(store, contact, current)
        return cast("dict[str, Any]", msgspec.to_builtins(found))

    def list(
        self,
        *,
        sort: str | None = None,
        reverse: bool = False,
        limit: int = 0,
        after: str | None = None,
        **chosen: Unpack[ChosenContacts],
    ) -> Iterator[ListedContact]:
        """Iterate over the contacts that a selection chooses, the newest first, or sorted by the field `sort`.

        `limit` is the number of contacts (0: all), and `after` the id of the last one of the page before. Records
        are read in batches, so the store may be changed during the iteration.

        Raises UsageProblem for a field that cannot be sorted by, InvalidData for an invalid filter, and NotFound if
        `after` does not exist.
        """
        field = public(sort) if sort is not None else None
        page = Page.sorted_by(SORTABLE, field, reverse=reverse, limit=limit, after=after)
        current = self._session.clock()
        wanted = contact_selection(chosen, current)
        return self._session.pages("contacts", page, lambda store, some: contacts.select(store, wanted, some, current))

    def count(self, **chosen: Unpack[ChosenContacts]) -> int:
        """Count the contacts that a selection chooses.

        Raises InvalidData for an invalid filter.
        """
        current = self._session.clock()
        wanted = contact_selection(chosen, current)
        with self._session.reading() as store:
            return contacts.count(store, wanted, current)

    def duplicates(self) -> Sequence[Duplicate]:
        """Return groups of contacts that may be the same person."""
        with self._session.reading() as store:
            return duplicates.find(store)

    def update(
        self,
        contact: str,
        *,
        clear: Sequence[str] = (),
        unset: Sequence[str] = (),
        replace_metadata: bool = False,
        **person: Unpack[Person],
    ) -> Contact:
        """Set what is known of a contact, or clear it. Returns the contact.

        Fields that are not given are kept; `clear` names fields to set to None, and `unset` metadata keys to
        remove. Metadata is merged key by key unless `replace_metadata` is true.

        Raises NotFound, InvalidData, UsageProblem when nothing is given or a field is both given and cleared, and
        Conflict if the contact is deleted or the external id or email belongs to another one.
        """
        said = identity(
            person, clearable=CLEARABLE_OF_CONTACT, clear=clear, unset=unset, replace_metadata=replace_metadata
        )
        return self._change(
            "contacts update",
            [contact],
            lambda store, operation, ids: merge.update_contacts(store, operation, ids, said),
            live=True,
        )[0]

    def merge(self, survivor: str, *others: str, force: bool = False) -> Contact:
        """Merge other contacts into the survivor, whose values win. Returns the survivor.

        Visitors, conversations and blocks move. The merged contacts' ids, emails and external ids keep leading to
        the survivor. `force` merges contacts with different external ids.

        Raises NotFound, InvalidData, Conflict if they cannot be merged, and UsageProblem without others.
        """
        if not others:
            raise UsageProblem("no contacts given to merge into the survivor")
        with self._session.operation("contacts merge") as operation:
            store = self._session.store
            first, *rest = references.mergeable(store, [survivor, *others], operation.at)
            merge.merge(store, operation, first, rest, force=force)
            return self._found(first.id, operation)

    def split(self, contact: str, *visitors: str, **person: Unpack[Person]) -> Contact:
        """Move visitors of a contact to a new contact. Returns the new contact.

        Raises NotFound, InvalidData, UsageProblem without visitors, and Conflict if a visitor is not the contact's,
        or if what is given about the new contact belongs to another one.
        """
        said = identity(person)
        with self._session.operation("contacts split") as operation:
            store = self._session.store
            source = references.live_contact(store, contact, operation.at)
            ids = references.visitor_ids(store, visitors, live=True)
            return self._found(merge.split(store, operation, source, ids, said), operation)

    def delete(self, *contact: str) -> Sequence[Contact]:
        """Delete contacts, so that `restore` can bring them back. Returns the contacts.

        Raises NotFound, InvalidData, Conflict if several contacts match, and UsageProblem without names.
        """
        return self._change(
            "contacts delete",
            contact,
            lambda store, operation, ids: states.set_deleted(store, operation, "contact", ids, deleted=True),
        )

    def restore(self, *contact: str) -> Sequence[Contact]:
        """Restore deleted contacts. Returns the contacts.

        Raises NotFound, InvalidData, Conflict if the email belongs to another contact by now, and UsageProblem
        without names.
        """
        return self._change("contacts restore", contact, merge.restore_contacts)

    def erase(self, *contact: str, vacuum: bool = True) -> Erased:
        """Erase people for good, with all their devices and their history.

        `vacuum` rewrites the file; without it, traces may remain in unused parts of the file.

        Raises NotFound, InvalidData, Conflict if several contacts match, and UsageProblem without names.
        """
        return self._session.erase("contacts erase", "contact", contact, vacuum=vacuum)

    def block(
        self, *contact: str, reason: str | None = None, for_: str | None = None, until: Time | None = None
    ) -> Sequence[Contact]:
        """Block people on all devices, present and future. Returns the contacts.

        The block lasts for a duration (`for_="7d"`), until a time, or for good. A block with another end or reason
        replaces the current one.

        Raises NotFound, InvalidData, Conflict if several contacts match, and UsageProblem without names, or with
        both `for_` and `until`.
        """
        why = normalise.text(reason, "reason") if reason is not None else None
        end = text_of(until) if until is not None else None
        return self._change(
            "block",
            contact,
            lambda store, operation, ids: block.block(
                store, operation, "contact", ids, reason=why, expires_at=block.expiry(for_, end, operation.at)
            ),
        )

    def unblock(self, *contact: str) -> Sequence[Contact]:
        """Lift the blocks of people. Returns the contacts.

        Raises NotFound, InvalidData, Conflict if several contacts match, and UsageProblem without names.
        """
        return self._change(
            "unblock", contact, lambda store, operation, ids: block.unblock(store, operation, "contact", ids)
        )

    def _change(self, command: str, typed: Sequence[str], act: _Act, *, live: bool = False) -> Sequence[Contact]:
        if not typed:
            raise UsageProblem("no contacts given: pass ids, emails or ext:ID")
        find = references.live_contact if live else references.contact
        with self._session.operation(command) as operation:
            store = self._session.store
            ids = list(dict.fromkeys(find(store, one, operation.at).id for one in typed))
            act(store, operation, ids)
            return [self._found(contact_id, operation) for contact_id in ids]

    def _found(self, contact_id: str, operation: OpenOperation) -> Contact:
        contact = contacts.find(self._session.store, contact_id, operation.at)
        assert contact is not None
        return contact
