"""`visitors.open_store` and the `VisitorStore` that it returns."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias, Unpack, cast, overload

import msgspec

from visitors.api.arguments import (
    by_public_name,
    identity,
    instant_of,
    names,
    public,
    refuse_contradictions,
    refuse_unknown_policy,
    selection,
    text_of,
)
from visitors.api.contacts import Contacts
from visitors.api.conversations import Conversations
from visitors.api.fixtures import Fixtures
from visitors.api.importing import Reject, Rows, SetAside, reading
from visitors.api.results import Erased, Identified, Imported, Tracked, Undone
from visitors.api.session import Session
from visitors.domain import normalise, times
from visitors.domain.contact import Person
from visitors.domain.decision import OnConflict, OnExisting
from visitors.domain.expectation import Expectation
from visitors.domain.fields import BROWSER_DATA, snake
from visitors.domain.identity import CLEARABLE
from visitors.domain.ids import given_id
from visitors.domain.page import VisitorPage
from visitors.domain.pruning import age_limit, prunable
from visitors.domain.selection import Chosen, Selection
from visitors.domain.statistics import (
    GROUPABLE,
    Counted,
    Figure,
    Group,
    Pair,
    Per,
    Period,
    VisitorTime,
    parse_groupings,
)
from visitors.domain.times import Instant, Time
from visitors.domain.visitor import Browser, Visitor, browser_changes, browser_data, leniently
from visitors.errors import NotFound, UsageProblem
from visitors.input.formats import Format
from visitors.input.kinds import VISITORS
from visitors.location import MEMORY
from visitors.operations import block, references, statistics
from visitors.operations.bulk_import import take_all
from visitors.operations.create import create
from visitors.operations.expect import expect
from visitors.operations.identify import identify
from visitors.operations.import_ import Policy
from visitors.operations.imported_blocks import Left
from visitors.operations.investigate import visitor_page
from visitors.operations.targets import Targets
from visitors.operations.track import track
from visitors.operations.undo import take_back
from visitors.settings import load_settings
from visitors.store import opening
from visitors.store.history import operations
from visitors.store.query.listing import Page
from visitors.store.records import states, visitors
from visitors.store.servers import Server
from visitors.store.store import OpenOperation, Store

Now: TypeAlias = Time | Callable[[], Time]
_GROUPABLE = {snake(path): path for path in GROUPABLE}
_Time: TypeAlias = Literal["created_at", "last_seen_at", "blocked_at"]
_TIMES: dict[str, VisitorTime] = {"created_at": "createdAt", "last_seen_at": "lastSeenAt", "blocked_at": "blockedAt"}
_Act = Callable[[Store, OpenOperation, list[str]], object]


def open_store(
    path: str | Path | None = None,
    *,
    store: str | None = None,
    now: Now | None = None,
    actor: str | None = None,
    create: bool = True,
) -> VisitorStore:
    """Open the store at `path`, or at the URL of a server, and create it if it is missing, unless `create` is false.

    `:memory:` is a store that never touches the disk, and `:temp:` one that is deleted when it is closed. `store`
    opens the one with that name in the settings file instead, without asking before changes. With neither it is the
    store that the command uses: `VISITORS_DB`, `VISITORS_STORE`, or the platform's data folder.

    `now` is a fixed time, or a function that returns the time (default: `VISITORS_NOW`, or else the clock). `actor`
    is the name that the history records (default: `VISITORS_ACTOR`, or else the login name).

    Raises StoreProblem when the store cannot be opened, as on a server that cannot be reached or denies access,
    UsageProblem for a path that cannot be a store or an unknown name, and InvalidData for a time that cannot be parsed
    or an invalid settings file.
    """
    flags = {"db": str(path) if path is not None else None, "store": store, "as_": actor}
    settings = load_settings(flags, os.environ)
    clock = _clock(now, settings.frozen_now)
    opened = opening.open_store(settings.store, timeout=settings.timeout, create=create)
    try:
        with opened.translated_errors():
            operations.newest(opened)  # a server is reached and checked with the first statement
    except BaseException:
        opened.close()
        raise
    return VisitorStore(Session(opened, settings.actor, clock))


class VisitorStore:
    """An open store, returned by `open_store`. Use it in a `with` statement, or call `close`.

    Name a visitor by its id or a unique prefix of it. A method that takes several visitors changes all of them or
    none. Where a method takes a selection, pass either names or a selection; `everything=True` selects all. Each
    call that changes something is one operation in the history, which `undo` can take back.

    Use a store in one thread only. Other processes may use the same file at the same time. Any call raises
    StoreProblem when the store is locked, full, damaged or moved, and UsageProblem while another call is under way.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._contacts = Contacts(session)
        self._conversations = Conversations(session)
        self._fixtures = Fixtures(session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store. A temporary one is deleted."""
        self._session.store.close()

    @property
    def contacts(self) -> Contacts:
        """The contacts: the people that visitors turn out to be."""
        return self._contacts

    @property
    def conversations(self) -> Conversations:
        """The conversations and their messages."""
        return self._conversations

    @property
    def fixtures(self) -> Fixtures:
        """The state that a test needs, from files or dicts."""
        return self._fixtures

    @property
    def path(self) -> Path:
        """The file of the store, or `:memory:`.

        Raises UsageProblem for a store on a server; see `name`.
        """
        store = self._session.store
        if isinstance(store.place, Server):
            raise UsageProblem(f"the store {store.name} is on a server, and has no path", hint="use .name")
        return Path(store.name)

    @property
    def name(self) -> str:
        """The absolute path of the store's file, `:memory:`, or the URL of a store on a server."""
        return self._session.store.name

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which the command, and `open_store()` without a path, use this store.

        They are VISITORS_DB, VISITORS_ACTOR and, unless the store goes by the machine's clock, VISITORS_NOW. Start a
        program with `env=os.environ | store.environment`.

        Raises UsageProblem for `:memory:`, which no other program can open.
        """
        store = self._session.store
        if store.name == MEMORY:
            raise UsageProblem(
                f"no other program can open {store.name}",
                hint="use :temp: for a store that is deleted when it is closed",
            )
        variables = {"VISITORS_DB": store.name, "VISITORS_ACTOR": self.actor}
        return variables if self._session.clock is times.now else {**variables, "VISITORS_NOW": self._session.clock()}

    @property
    def actor(self) -> str:
        """The name that the history records."""
        return self._session.actor

    # One visitor

    def track(
        self,
        id: str | None = None,  # noqa: A002 - the field's name
        *,
        lenient: bool = False,
        **browser: Unpack[Browser],
    ) -> Tracked:
        """Recognise a visitor by its stored id or its fingerprint, or create one, as on page load.

        Browser data is updated. A new IP address clears the location of the old one, unless a location is given; an
        attribution is kept once it is set, until `update` clears or changes it. With `lenient`, an invalid
        language, time zone, IP address or country code is not stored, and a UserWarning says so.

        Raises InvalidData, and Conflict if the visitor with this id is deleted.
        """
        stored_id = given_id(id) if id is not None else None
        values = by_public_name(browser, BROWSER_DATA)
        if lenient:
            data, left_out = leniently(lambda: browser_data(values), values.__delitem__)
            for problem in left_out:
                warnings.warn(f"{problem.message}; not stored", stacklevel=2)
        else:
            data = browser_data(values)
        with self._session.operation("track") as operation:
            found = track(self._session.store, operation, stored_id, data)
            return Tracked(self._found(found.visitor_id, operation), found.resolved_by)

    def create(
        self,
        id: str | None = None,  # noqa: A002 - the field's name
        *,
        exist_ok: bool = False,
        **browser: Unpack[Browser],
    ) -> Visitor:
        """Create a visitor, with a new id unless one is given.

        Raises InvalidData, and Conflict if the id exists; with `exist_ok` the existing visitor is returned
        unchanged.
        """
        visitor_id = given_id(id) if id is not None else None
        data = browser_data(by_public_name(browser, BROWSER_DATA))
        with self._session.operation("create") as operation:
            touched, _ = create(self._session.store, operation, visitor_id, data, exist_ok=exist_ok)
            return self._found(touched, operation)

    def find(self, visitor: str) -> Visitor | None:
        """Return a visitor, deleted or not, or None if there is none.

        Raises Conflict if several visitors match.
        """
        with self._session.reading() as store:
            try:
                return references.visitor(store, visitor, self._session.clock())
            except NotFound:
                return None

    def show(self, visitor: str) -> VisitorPage:
        """Return a visitor with its contact, other devices, blocks, conversations, links and latest changes.

        Raises NotFound, and Conflict if several visitors match.
        """
        with self._session.reading() as store:
            return visitor_page(store, references.visitor_ids(store, [visitor])[0], self._session.clock())[0]

    def identify(
        self,
        visitor: str,
        *,
        clear: Sequence[str] = (),
        unset: Sequence[str] = (),
        replace_metadata: bool = False,
        on_conflict: OnConflict = "error",
        relink: bool = False,
        **person: Unpack[Person],
    ) -> Identified:
        """Link a visitor to a contact by external id, email or both, and store what is given about the person.

        Repeating a call changes nothing. Fields that are not given are kept; `clear` names fields to set to None,
        and `unset` metadata keys to remove. Metadata is merged key by key unless `replace_metadata` is true.
        `on_conflict` decides what happens when the external id and the email belong to two contacts: refuse, keep
        the contact with the external id, or merge the two. `relink` moves a visitor that is linked to another
        contact.

        Raises NotFound, InvalidData, UsageProblem when nothing is given or a field is both given and cleared, and
        Conflict when the data contradicts the store.
        """
        refuse_unknown_policy(None, on_conflict)
        said = identity(person, clearable=CLEARABLE, clear=clear, unset=unset, replace_metadata=replace_metadata)
        with self._session.operation("identify") as operation:
            store = self._session.store
            found = references.live_visitor(store, visitor, operation.at)
            decision = identify(store, operation, found, said, on_conflict=on_conflict, relink=relink).decision
            return Identified(self._found(found.id, operation), decision.outcome, decision.rule)

    # Several visitors

    def list(
        self,
        *,
        sort: str | None = None,
        reverse: bool = False,
        limit: int = 0,
        after: str | None = None,
        **chosen: Unpack[Chosen],
    ) -> Iterator[Visitor]:
        """Iterate over the visitors that a selection chooses, the newest first, or sorted by the field `sort`.

        `limit` is the number of visitors (0: all), and `after` the id of the last one of the page before. Records
        are read in batches, so the store may be changed during the iteration.

        Raises UsageProblem for a field that cannot be sorted by and for filters that contradict each other,
        InvalidData for an invalid filter, NotFound if `after` or a contact to filter by does not exist, and
        Conflict if several contacts match.
        """
        field = public(sort) if sort is not None else None
        page = Page.sorted_by(visitors.SORTABLE, field, reverse=reverse, limit=limit, after=after)
        return self._select(page, chosen)

    def export(self, **chosen: Unpack[Chosen]) -> Iterator[dict[str, Any]]:
        """Iterate over the visitors that a selection chooses, with their contacts, in the order of their creation.

        The dicts are what `import_` takes and what the command `export` writes. Raises UsageProblem, InvalidData,
        NotFound and Conflict for the selection, as `list` does.
        """
        return (cast("dict[str, Any]", msgspec.to_builtins(one)) for one in self._select(Page(), chosen))

    def count(self, **chosen: Unpack[Chosen]) -> int:
        """Count the visitors that a selection chooses.

        Raises UsageProblem, InvalidData, NotFound and Conflict for the selection, as `list` does.
        """
        current = self._session.clock()
        with self._session.reading() as store:
            return visitors.count(store, self._selection(store, chosen, current), current)

    def expect(self, least: int, most: int | None = None, **chosen: Unpack[Chosen]) -> None:
        """Check that a selection chooses at least `least` visitors, and at most `most`, like the command `assert`.

        Raises CheckFailed, which names the first visitors found, if it does not; UsageProblem if `least` is greater
        than `most`; UsageProblem, InvalidData, NotFound and Conflict for the selection, as `list` does.
        """
        if most is not None and least > most:
            raise UsageProblem(f"least {least} is greater than most {most}")
        current = self._session.clock()
        with self._session.reading() as store:
            expect(store, self._selection(store, chosen, current), Expectation(least, most), current)

    def update(self, *visitor: str, clear: Sequence[str] = (), **browser: Unpack[Browser]) -> Sequence[Visitor]:
        """Set browser data of visitors, or set the fields in `clear` to None. Returns the visitors.

        Raises NotFound, InvalidData, Conflict for a deleted visitor, and UsageProblem when nothing is given or a
        field is both given and cleared.
        """
        data = browser_changes(by_public_name(browser, BROWSER_DATA), tuple(map(public, names(clear))))
        return self._change(
            "update",
            visitor,
            lambda store, operation, ids: visitors.update(store, operation, ids, data),
        )

    def unidentify(self, *visitor: str, everything: bool = False, **chosen: Unpack[Chosen]) -> Sequence[Visitor]:
        """Unlink visitors from their contacts. Returns the visitors.

        Raises NotFound, InvalidData for an invalid filter, Conflict for a deleted visitor, and UsageProblem without
        names and selection.
        """
        return self._change(
            "unidentify",
            visitor,
            visitors.unlink,
            chosen,
            everything=everything,
        )

    def block(
        self,
        *visitor: str,
        reason: str | None = None,
        for_: str | None = None,
        until: Time | None = None,
        everything: bool = False,
        **chosen: Unpack[Chosen],
    ) -> Sequence[Visitor]:
        """Block visitors for a duration (`for_="7d"`), until a time, or for good. Returns the visitors.

        A block with another end or reason replaces the current one. To block a person on all devices, use
        `store.contacts.block`.

        Raises NotFound, InvalidData, Conflict for a deleted visitor, and UsageProblem without names and selection,
        or with both `for_` and `until`.
        """
        why = normalise.text(reason, "reason") if reason is not None else None
        end = text_of(until) if until is not None else None
        return self._change(
            "block",
            visitor,
            lambda store, operation, ids: block.block(
                store, operation, "visitor", ids, reason=why, expires_at=block.expiry(for_, end, operation.at)
            ),
            chosen,
            everything=everything,
        )

    def unblock(self, *visitor: str, everything: bool = False, **chosen: Unpack[Chosen]) -> Sequence[Visitor]:
        """Lift the blocks of visitors. Returns the visitors.

        A visitor whose contact is blocked stays blocked: named, it raises Conflict; selected, it is left as it is.

        Raises NotFound, InvalidData for an invalid filter, Conflict, and UsageProblem without names and selection.
        """
        return self._change(
            "unblock",
            visitor,
            lambda store, operation, ids: block.unblock(store, operation, "visitor", ids, selected=not visitor),
            chosen,
            everything=everything,
        )

    def delete(self, *visitor: str, everything: bool = False, **chosen: Unpack[Chosen]) -> Sequence[Visitor]:
        """Delete visitors, so that `restore` can bring them back. Returns the visitors.

        Raises NotFound, InvalidData for an invalid filter, Conflict if several visitors match, and UsageProblem
        without names and selection.
        """
        return self._change(
            "delete",
            visitor,
            lambda store, operation, ids: states.set_deleted(store, operation, "visitor", ids, deleted=True),
            chosen,
            everything=everything,
            deleted=None,
        )

    def restore(self, *visitor: str, **chosen: Unpack[Chosen]) -> Sequence[Visitor]:
        """Restore deleted visitors. Returns the visitors.

        Raises NotFound, InvalidData for an invalid filter, Conflict if several visitors match, and UsageProblem
        without names and selection.
        """
        return self._change(
            "restore",
            visitor,
            lambda store, operation, ids: states.set_deleted(store, operation, "visitor", ids, deleted=False),
            chosen,
            deleted=True,
        )

    def prune(self, older_than: Time, **chosen: Unpack[Chosen]) -> Sequence[Visitor]:
        """Delete stale anonymous visitors, so that `restore` can bring them back. Returns the visitors.

        Stale are those that are not identified, not blocked, have no conversations, and were last seen before
        `older_than`: an age such as `90d`, or a time. A selection narrows it down.

        Raises UsageProblem for filters that contradict this, and InvalidData for an invalid age or filter.
        """
        current = self._session.clock()
        wanted = prunable(selection(chosen, current), age_limit(text_of(older_than), current))
        with self._session.operation("prune") as operation:
            ids = visitors.chosen_ids(self._session.store, wanted, operation.at)
            states.set_deleted(self._session.store, operation, "visitor", ids, deleted=True)
            return visitors.find_many(self._session.store, ids, operation.at)

    def erase(self, *visitor: str, vacuum: bool = True) -> Erased:
        """Erase visitors for good, including their history; their contacts stay.

        `vacuum` rewrites the file; without it, traces may remain in unused parts of the file.

        Raises NotFound, Conflict if several visitors match, and UsageProblem without names.
        """
        return self._session.erase("erase", "visitor", visitor, vacuum=vacuum)

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
        on_existing: OnExisting | None = None,
        on_conflict: OnConflict = "error",
        relink: bool | None = None,
        lenient: bool = False,
        new: bool = False,
        reject: Reject | None = None,
    ) -> Imported:
        """Import visitors from a file, or from objects such as `export` yields. Nothing is written if a row is bad.

        `columns` maps fields to the columns of the file, and `mapping` names a ready-made mapping or a mapping
        file. `input_format`, `delimiter` and `encoding` describe the file where it does not say so itself. Cells
        equal to a text in `nulls` are empty. `ignore_unknown` skips columns that are no field.

        `on_existing` decides about visitors that exist; `on_conflict` and `relink` about contacts, as in
        `identify`. Where they are None, the mapping decides, or else they are "error" and False. A row without an
        id updates the visitor with its fingerprint, or with `new` creates a visitor. With `lenient`, an invalid
        language, time zone, IP address or country code is not stored. With `reject`, good rows are imported, and
        each bad one is passed to this function with its error.

        Raises UsageProblem for arguments that make no sense, NotFound if the file is missing, and the error of the
        first bad row: InvalidData, or Conflict if a visitor exists or its contact contradicts the store.
        """
        refuse_unknown_policy(on_existing, on_conflict)
        aside = SetAside(reject) if reject is not None else None
        left: Counter[Left] = Counter()
        incomplete: list[int] = []
        with (
            reading(
                rows,
                VISITORS,
                columns=columns,
                mapping=mapping,
                input_format=input_format,
                delimiter=delimiter,
                encoding=encoding,
                nulls=nulls,
                ignore_unknown=ignore_unknown,
                keep_values=aside is not None,
                lenient=lenient,
            ) as (checked, part),
            self._session.operation("import") as operation,
        ):
            policy = Policy.chosen(part, on_existing=on_existing, on_conflict=on_conflict, relink=relink, new=new)
            taken = take_all(
                self._session.store,
                operation,
                checked,
                policy,
                aside,
                left,
                lambda read: incomplete.append(len(read.left_out)),
            )
        return Imported.of(taken, aside.count if aside else 0, left, sum(incomplete))

    def seed(
        self,
        count: int = 100,
        seed: int = 0,
        *,
        now: Time | None = None,
        identified: str | float = "30%",
        devices: str | int = "1-3",
        blocked: str | float = "2%",
        conversations: str | int = "0-2",
        locales: Sequence[str] = (),
    ) -> int:
        """Create made-up visitors, always the same ones for the same `seed`, `now` and options. Returns their
        number.

        `identified` and `blocked` are shares, `devices` and `conversations` ranges per person, `locales` language
        tags.

        Raises UsageProblem and InvalidData for arguments that make no sense, and Conflict if the seed was planted
        before.
        """
        from visitors.domain.made_up.people import made_up, seeded_entropy
        from visitors.domain.made_up.plan import parse_plan
        from visitors.operations.seed import plant, refuse_again

        current = self._session.clock()
        plan = parse_plan(
            count=count,
            seed=seed,
            now=times.parse_time(text_of(now), "now", current) if now is not None else current,
            identified=str(identified),
            devices=str(devices),
            blocked=str(blocked),
            conversations=str(conversations),
            locales=names(locales),
        )
        with self._session.reading() as store:
            refuse_again(store, plan)
        with self._session.operation("seed", at=plan.now, entropy=seeded_entropy(seed)) as operation:
            return plant(self._session.store, operation, made_up(plan)).visitors

    @overload
    def stats(
        self,
        *,
        per: None = None,
        time: _Time = "created_at",
        top: int = 0,
        **chosen: Unpack[Chosen],
    ) -> Sequence[Figure]: ...

    @overload
    def stats(
        self,
        by: str,
        /,
        *,
        per: None = None,
        time: _Time = "created_at",
        top: int = 0,
        **chosen: Unpack[Chosen],
    ) -> Sequence[Group]: ...

    @overload
    def stats(
        self,
        by: str,
        second: str,
        /,
        *,
        per: None = None,
        time: _Time = "created_at",
        top: int = 0,
        **chosen: Unpack[Chosen],
    ) -> Sequence[Pair]: ...

    @overload
    def stats(
        self,
        *,
        per: Per,
        time: _Time = "created_at",
        top: int = 0,
        **chosen: Unpack[Chosen],
    ) -> Sequence[Period]: ...

    @overload
    def stats(
        self,
        *by: str,
        per: Per | None = None,
        time: _Time = "created_at",
        top: int = 0,
        **chosen: Unpack[Chosen],
    ) -> Sequence[Counted]: ...

    def stats(
        self,
        *by: str,
        per: Per | None = None,
        time: Literal["created_at", "last_seen_at", "blocked_at"] = "created_at",
        top: int = 0,
        **chosen: Unpack[Chosen],
    ) -> Sequence[Counted]:
        """Count visitors: by one field (`Group` rows) or two (`Pair` rows), per period of a time (`Period` rows),
        or as an overview (`Figure` rows).

        Fields are those of a visitor, such as `country_code`, and `contact.email` (its domain) or
        `contact.metadata.KEY`. `time` says which time `per` is about. `top` limits the number of groups (0: all).

        Raises UsageProblem for a field that cannot be counted by and for arguments that contradict each other, and
        UsageProblem, InvalidData, NotFound and Conflict for the selection, as `list` does.
        """
        groupings = parse_groupings([_GROUPABLE.get(name, name) for name in by])
        refuse_contradictions(groupings, per, time, list(_TIMES), top)
        current = self._session.clock()
        with self._session.reading() as store:
            wanted = self._selection(store, chosen, current)
            if per is not None:
                return list(statistics.by_period(store, wanted, per, _TIMES[time], current).rows)
            if groupings:
                return list(statistics.by_fields(store, wanted, groupings, current, top).rows)
            return list(statistics.overview(store, wanted, current, top).rows)

    # History

    def undo(self, operation: str | None = None, *, cascade: bool = False) -> Undone:
        """Undo an operation, or without an id the latest one of the same actor that was not undone. Undoing an undo
        redoes it.

        With `cascade`, later operations on the same records are undone as well.

        Raises NotFound, and Conflict if it cannot be undone.
        """
        with self._session.operation("undo") as opened:
            done = take_back(self._session.store, opened, operation, cascade=cascade)
            return Undone(opened.id, [one.operation for one in done])

    def _select(self, page: Page, chosen: Chosen) -> Iterator[Visitor]:
        current = self._session.clock()
        with self._session.reading() as store:
            wanted = self._selection(store, chosen, current)
        return self._session.pages("visitors", page, lambda store, some: visitors.select(store, wanted, some, current))

    def _selection(self, store: Store, chosen: Chosen, current: Instant) -> Selection:
        return references.selection(store, selection(chosen, current), current)

    def _change(
        self,
        command: str,
        named: Sequence[str],
        act: _Act,
        chosen: Chosen | None = None,
        *,
        everything: bool = False,
        deleted: bool | None = False,
    ) -> Sequence[Visitor]:
        wanted = selection(chosen or {}, self._session.clock())
        targets = Targets(named, wanted, everything=everything, deleted=deleted)
        with self._session.operation(command) as operation:
            ids = targets.resolve(self._session.store, operation.at)
            act(self._session.store, operation, ids)
            return visitors.find_many(self._session.store, ids, operation.at)

    def _found(self, visitor_id: str, operation: OpenOperation) -> Visitor:
        visitor = visitors.find(self._session.store, visitor_id, operation.at)
        assert visitor is not None
        return visitor


def _clock(now: Now | None, frozen: Instant | None) -> Callable[[], Instant]:
    if callable(now):
        return lambda: instant_of(now(), "now")
    if now is None and frozen is None:
        return times.now
    fixed = frozen if now is None else instant_of(now, "now")
    assert fixed is not None
    return lambda: fixed
