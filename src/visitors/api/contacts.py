"""`store.contacts`: the people behind visitors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, Unpack, cast

import msgspec

from visitors.api.arguments import contact_selection, identity, public, text_of
from visitors.api.importing import Reject, Rows, SetAside, reading
from visitors.api.results import Erased, Imported
from visitors.api.session import Session
from visitors.domain import normalise
from visitors.domain.contact import Contact, Duplicate, ListedContact, Person
from visitors.domain.contact_selection import ChosenContacts
from visitors.domain.decision import OnConflict
from visitors.domain.identity import CLEARABLE_OF_CONTACT
from visitors.domain.ids import given_contact_id
from visitors.domain.page import ContactPage
from visitors.domain.times import Time
from visitors.errors import NotFound, UsageProblem
from visitors.input.formats import Format
from visitors.input.kinds import CONTACTS
from visitors.operations import block, merge, references
from visitors.operations.contact_import import take_contacts
from visitors.operations.import_ import OnExisting, Policy
from visitors.operations.imported_blocks import Left
from visitors.operations.investigate import contact_page
from visitors.operations.subject import subject, subject_export
from visitors.store.query.contacts import SORTABLE
from visitors.store.query.listing import Page
from visitors.store.records import contacts
from visitors.store.store import OpenOperation, Store

_Contacts: TypeAlias = list[Contact]
_Act = Callable[[Store, OpenOperation, list[str]], object]


class Contacts:
    """Contacts, each given by its id or a unique prefix, by email, or by `ext:` and its external id."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(
        self,
        id: str | None = None,  # noqa: A002 - the field's name
        *,
        exist_ok: bool = False,
        **person: Unpack[Person],
    ) -> Contact:
        """Create a contact. Raises InvalidData, and Conflict if its id, external id or email is taken; with `exist_ok`,
        returns that contact, unchanged.
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
        """Return the contact, deleted or not; None if there is none. Raises Conflict if it is ambiguous."""
        with self._session.reading() as store:
            try:
                return references.contact(store, contact, self._session.clock())
            except NotFound:
                return None

    def show(self, contact: str) -> ContactPage:
        """Return everything about the contact. Raises NotFound and Conflict."""
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
        """Import contacts from a file, or from objects as `list` returns them; the arguments are those of
        `VisitorStore.import_`. All or nothing, unless `reject` takes each bad row and its error.
        """
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
            ) as checked,
            self._session.operation("contacts import") as operation,
        ):
            taken = take_contacts(self._session.store, operation, checked, policy, aside, left)
        return Imported.of(taken, aside.count if aside else 0, left)

    def subject_export(self, contact: str) -> dict[str, Any]:
        """Return everything that the store knows about one person, as the command `contacts subject-export` writes it,
        in JSON types. Raises NotFound and Conflict.
        """
        current = self._session.clock()
        with self._session.reading() as store:
            found = subject_export(store, subject(store, contact, current), current)
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
        """Iterate over the contacts that match `chosen`, newest first, read in batches."""
        page = _page(sort, reverse=reverse, limit=limit, after=after)
        current = self._session.clock()
        wanted = contact_selection(chosen, current)
        return self._session.pages(page, lambda store, some: contacts.select(store, wanted, some, current))

    def count(self, **chosen: Unpack[ChosenContacts]) -> int:
        """Return the number of contacts."""
        current = self._session.clock()
        wanted = contact_selection(chosen, current)
        with self._session.reading() as store:
            return contacts.count(store, wanted, current)

    def duplicates(self) -> Sequence[Duplicate]:
        """Yield contacts that may be the same person."""
        with self._session.reading() as store:
            return contacts.duplicates(store)

    def update(
        self,
        contact: str,
        *,
        clear: Sequence[str] = (),
        unset: Sequence[str] = (),
        replace_metadata: bool = False,
        **person: Unpack[Person],
    ) -> Contact:
        """Set or clear fields. Raises UsageProblem if nothing is given, InvalidData, Conflict."""
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
        """Merge `others` into the survivor, and return it. Raises NotFound and Conflict."""
        if not others:
            raise UsageProblem("whom? give the contacts that become part of it")
        with self._session.operation("contacts merge") as operation:
            store = self._session.store
            first, *rest = references.mergeable(store, [survivor, *others], operation.at)
            merge.merge(store, operation, first, rest, force=force)
            return self._found(first.id, operation)

    def split(self, contact: str, *visitors: str, **person: Unpack[Person]) -> Contact:
        """Move visitors from a contact to a new one, and return that. Raises NotFound and Conflict."""
        said = identity(person)
        with self._session.operation("contacts split") as operation:
            store = self._session.store
            source = references.live_contact(store, contact, operation.at)
            ids = references.live_visitor_ids(store, visitors)
            return self._found(merge.split(store, operation, source, ids, said), operation)

    def delete(self, *contact: str) -> _Contacts:
        """Delete contacts; they can be restored."""
        return self._change(
            "contacts delete",
            contact,
            lambda store, operation, ids: contacts.set_deleted(store, operation, ids, deleted=True),
        )

    def restore(self, *contact: str) -> _Contacts:
        """Restore deleted contacts. Raises Conflict for one whose email has since been taken."""
        return self._change("contacts restore", contact, merge.restore_contacts)

    def erase(self, *contact: str, vacuum: bool = True) -> Erased:
        """Erase people permanently, with all their devices and history. `vacuum` rewrites the file, without which
        traces may remain in it. Raises UsageProblem, NotFound and Conflict.
        """
        return self._session.erase("contacts erase", "contact", contact, vacuum=vacuum)

    def block(
        self, *contact: str, reason: str | None = None, for_: str | None = None, until: Time | None = None
    ) -> _Contacts:
        """Block people on every device, present and future; `for_` is a duration such as `7d`. A block with another
        expiry or reason is replaced.
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

    def unblock(self, *contact: str) -> _Contacts:
        """Lift the blocks of people."""
        return self._change(
            "unblock", contact, lambda store, operation, ids: block.unblock(store, operation, "contact", ids)
        )

    def _change(self, command: str, typed: Sequence[str], act: _Act, *, live: bool = False) -> _Contacts:
        if not typed:
            raise UsageProblem("whom? give contacts by id, email or ext:ID")
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


def _page(sort: str | None, *, reverse: bool, limit: int, after: str | None) -> Page:
    field = public(sort) if sort is not None else None
    return Page.sorted_by(SORTABLE, field, reverse=reverse, limit=limit, after=after)
