"""What a command receives: settings, clock, actor, output, and a store that opens on first use."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from visitors.domain import times
from visitors.domain.ids import Entropy
from visitors.domain.times import Instant
from visitors.errors import InvalidData, NotFound, StoreProblem, UsageProblem, moved
from visitors.location import COMPANIONS
from visitors.output.output import Output
from visitors.output.sanitise import visible
from visitors.settings import Settings, load_settings
from visitors.store.opening import open_store
from visitors.store.places import File
from visitors.store.servers import Ability, Server
from visitors.store.store import OpenOperation, Store

if TYPE_CHECKING:
    from visitors.domain.contact_selection import ContactSelection
    from visitors.domain.conversation_selection import ConversationSelection
    from visitors.domain.selection import Selection
    from visitors.input.standard_input import StandardInput
    from visitors.operations.references import Lost


_MAKING = (
    "create", "track", "import", "seed", "contacts create", "contacts import", "conversations import", "db load",
    "fixtures apply",
)  # fmt: skip
"""The commands that create a missing store."""


_FOR_GOOD = ("erase", "contacts erase")
"""The commands that cannot be undone, and that return a receipt."""

_INSTEAD: dict[Ability, str] = {
    "back up": "the server has its own backups; visitors db dump and db load copy a store",
    "compact": "the server compacts its own files; visitors db dump and db load make a compact copy",
}
"""What replaces a command on a server."""

_TOLD = 5
"""The number of written ids that an error names."""


class Context:
    """One run of one command.

    `given` holds the values of the command's option groups, by group and name; `arguments` are the names of all given
    options, for the record; `takes` the names of all options that it has; `yes` confirms whatever is asked.
    """

    def __init__(
        self,
        flags: dict[str, Any],
        command: str,
        arguments: Sequence[str],
        given: dict[str, dict[str, Any]],
        takes: Iterable[str] = (),
        *,
        yes: bool = False,
    ) -> None:
        self.settings: Settings = load_settings(flags, os.environ)
        self.command = command
        self.arguments = list(arguments)
        self.given = given
        self._told_missing = False
        self._agreed = yes
        """Whether a change was confirmed, at a prompt or by --yes."""
        self._told_store = False
        self.rehearses = False
        """Whether this is a dry run, which is reported at its end."""
        self._takes = set(takes)
        self._opened: tuple[int, int] | None = None
        self.now: Instant = self.clock()
        self.written: OpenOperation | None = None
        """The last committed operation, whatever happens after it."""
        self.output = Output(
            format_=self.settings.format,
            fields=self.settings.fields,
            color=self.settings.color,
            quiet=self.settings.quiet,
            header=self.settings.header,
            pager=self.settings.pager,
            timezone=self.settings.timezone,
            local_time=self.settings.local_time,
            program=lambda: self.program,
            current=self.now,
        )

    def clock(self) -> Instant:
        """The current time, or the value of VISITORS_NOW."""
        return self.settings.frozen_now or times.now()

    @cached_property
    def store(self) -> Store:
        """The store. A named store is created only by commands that add to it, so that a typing mistake does not look
        like an empty store. Raises StoreProblem.
        """
        if self._opened is not None and self.settings.store.identity != self._opened:
            raise moved(self.settings.store.name)
        self._tell_store()
        create = self.command in _MAKING or not self.settings.store_was_named
        migrates = self._agree_to_migrate if self.settings.confirms else None
        return open_store(self.settings.store, timeout=self.settings.timeout, create=create, before_migrating=migrates)

    @cached_property
    def standard_input(self) -> StandardInput:
        """Standard input as lines."""
        from visitors.input.standard_input import StandardInput

        return StandardInput()

    @contextmanager
    def reading(self) -> Iterator[Store]:
        """Open the store for reading one snapshot. Raises StoreProblem."""
        with self.store.reading():
            yield self.store

    @contextmanager
    def operation(
        self,
        *,
        dry_run: bool = False,
        at: Instant | None = None,
        entropy: Entropy = os.urandom,
        is_load: bool = False,
    ) -> Iterator[OpenOperation]:
        """Begin one recorded write, in the name of this command, at the clock's time or `at`; new ids are generated
        from `entropy`; `is_load` if it may fill a new store. Raises StoreProblem, and Conflict if `entropy` generates
        an existing id.
        """
        self.rehearses = self.rehearses or dry_run
        if not dry_run:
            self.agree()
        with ExitStack() as stack:
            alone = False
            if is_load and isinstance(self.settings.store, Server):
                self.output.note(f"nobody else can write to {self.settings.store.name} until this is done")
            elif is_load:
                from visitors.store.file.first_load import first_load

                alone = stack.enter_context(first_load(self.store))
            opened = stack.enter_context(
                self.store.operation(
                    self.command,
                    actor=self.settings.actor,
                    clock=self.clock if at is None else lambda: at,
                    arguments=self.arguments,
                    dry_run=dry_run,
                    entropy=entropy,
                    exclusive=alone,
                )
            )
            yield opened
        if opened.is_committed:
            self.written = opened

    def describe_written(self) -> str | None:
        """Describe what the command wrote, for an error after which it cannot be reported."""
        if self.written is None:
            return None
        some = [visible(one) for one in self.output.told[:_TOLD]]
        more = f" and {len(self.output.told) - _TOLD:,} more" if len(self.output.told) > _TOLD else ""
        whom = f": {', '.join(some)}{more}" if some else ""
        done = f"the changes were saved as operation {self.written.id} ({self.command}{whom})"
        if self.command in _FOR_GOOD:
            return f"{done}; to print its receipt: {self.program} history --operation {self.written.id} --receipt"
        return f"{done}; to undo: {self.program} undo {self.written.id}"

    def close(self) -> None:
        """Close the store if it was opened."""
        if "store" in self.__dict__:
            self.store.close()

    def _leave_store(self) -> None:
        """Close the store while a person thinks; the next use reopens it, and checks that it is the same file."""
        if "store" in self.__dict__ and isinstance(self.settings.store, File):
            self._opened = self.store.identity
            self.store.close()
            del self.__dict__["store"]

    def group(self, name: str) -> dict[str, Any]:
        """Return the values of one group of options, None or empty where not given."""
        return self.given.get(name, {})

    def takes(self, name: str) -> bool:
        """Return whether the command has an option of this name."""
        return name in self._takes

    def selection(self) -> Selection:
        """Parse the selection options; the contact is not resolved yet. Raises InvalidData."""
        from visitors.domain.selection import parse_selection

        return parse_selection(self.group("selection"), self.now)

    def contact_selection(self) -> ContactSelection:
        """Parse the options that select contacts in a listing. Raises InvalidData and UsageProblem."""
        from visitors.domain.contact_selection import parse_contact_selection

        return parse_contact_selection(self.group("contact_selection"), self.now)

    def conversation_selection(self) -> ConversationSelection:
        """Parse the options that select conversations in a listing; visitors and contacts are not resolved yet. Raises
        InvalidData and UsageProblem.
        """
        from visitors.domain.conversation_selection import parse_conversation_selection

        return parse_conversation_selection(self.group("conversation_selection"), self.now)

    def file_to(self, ability: Ability) -> File:
        """Return the store's path, for a command that does this to its file. Raises UsageProblem if that is not
        possible, and StoreProblem for a link to a missing file.
        """
        place = self.settings.store
        self._tell_store()
        if isinstance(place, Server):
            raise UsageProblem(
                f"{self.command} needs a store in a file, and {place.name} is a server",
                code="not_on_a_server",
                hint=_INSTEAD[ability],
            )
        if ability not in place.abilities or not isinstance(place, File):
            raise UsageProblem(f"{place.name} has no permanent file", hint="use --db PATH")
        from visitors.store.file.opening import refuse_dangling_link

        refuse_dangling_link(place.path)
        return place.resolved  # SQLite's log is beside the resolved path

    @property
    def program(self) -> str:
        """The invocation of this program for the same store."""
        if not self.settings.store_was_named:
            return "visitors"
        import shlex

        if self.settings.store_name is not None:
            is_usual = load_settings({}, os.environ).store_name == self.settings.store_name
            return "visitors" if is_usual else f"visitors --store {shlex.quote(self.settings.store_name)}"
        path = self.settings.store.name
        return "visitors" if path == _usual_store() else f"visitors --db {shlex.quote(path)}"

    def references(self, typed: Sequence[str]) -> list[str]:
        """Return the references on the command line, or for `-` those on standard input, one a line.

        Standard input may be empty. Raises UsageProblem if `-` is combined with others.
        """
        if "-" not in typed:
            return list(typed)
        if len(typed) > 1:
            raise UsageProblem(
                "- (ids from standard input) cannot be combined with other ids", hint="leave out - or the other ids"
            )
        return self.standard_input.references()

    @property
    def ignores_missing(self) -> bool:
        """Whether missing records are ignored."""
        return bool(self.group("targets").get("ignore_missing"))

    def missing(self, lost: Sequence[Lost], named: int) -> None:
        """Report and ignore missing records, if requested. Raises NotFound otherwise."""
        from visitors.operations.references import refuse, told

        if not self.ignores_missing:
            self._refuse_header(lost[0])
            refuse(lost, named, "to skip missing ones, add --ignore-missing" if self.takes("ignore_missing") else None)
        elif not self._told_missing:
            self._told_missing = True
            self.output.note(f"skipped {len(lost):,} of {named:,}, not found: {told(lost)}")

    def _refuse_header(self, first: Lost) -> None:
        """Raise NotFound if the first missing reference is the header of a listing on standard input."""
        if "standard_input" not in self.__dict__:
            return
        from visitors.input.standard_input import HEADER_HINT, is_header

        if is_header(first.typed):
            raise NotFound(first.error.message, code=first.error.code, hint=HEADER_HINT)

    def refuse_store(self, path: str | None) -> None:
        """Raise UsageProblem if writing to `path` would overwrite the store or its log."""
        if path is None or path == "-":
            return
        if not isinstance(self.settings.store, File):
            return
        store = self.settings.store.resolved.path
        files = [store, *(store.with_name(store.name + ending) for ending in COMPANIONS)]
        is_one = os.path.realpath(path) in [os.path.realpath(file) for file in files]
        if is_one or any(are_same(path, file) for file in files):
            raise UsageProblem(f"{path} is the store itself", hint="use another file")

    def agree(self) -> None:
        """Ask before a change if the store confirms every one, unless this run was confirmed already.

        Raises Declined, or UsageProblem without a terminal.
        """
        if self.settings.confirms:
            self.confirm(f"change the store {self.settings.store_name} ({self.command})")

    def _agree_to_migrate(self) -> None:
        """Keep a command that only reads from migrating an older store unasked. Raises StoreProblem."""
        if not self._agreed:
            raise StoreProblem(
                f"{self.settings.shown_store} needs a migration, and changes to it need confirmation",
                code="store_older",
                hint="to migrate it: visitors db migrate",
            )

    def _tell_store(self) -> None:
        """Tell a person at the terminal which store a name stands for."""
        if self.settings.store_name is not None and not self._told_store and sys.stderr.isatty():
            self._told_store = True
            self.output.note(f"store: {self.settings.shown_store}")

    def confirm(self, question: str) -> None:
        """Ask for confirmation on the terminal, unless this run was confirmed already.

        Raises Declined, or UsageProblem without a terminal.
        """
        if self._agreed:
            return
        from visitors.confirmation import ask

        self._leave_store()
        self.output.show_long()
        is_told = self._told_store and not self.settings.quiet
        ask(question, self.settings.shown_store if self.settings.store_was_named and not is_told else None)
        self._told_store = self._agreed = True


def _usual_store() -> str | None:
    """Return the default store, if it exists."""
    try:
        return load_settings({}, os.environ).store.name
    except (StoreProblem, UsageProblem, InvalidData):
        return None


def is_single(typed: Sequence[str], found: Sequence[object]) -> bool:
    """Return whether a single record was named, and exists; `-` stands for any number."""
    return len(typed) == len(found) == 1 and "-" not in typed


def are_same(path: str, other: Path) -> bool:
    """Return whether both exist and are the same file, through a hard link for example."""
    try:
        return Path(path).samefile(other)
    except OSError:
        return False


class _HasContext(Protocol):
    obj: Any


def context_of(invocation: _HasContext) -> Context:
    """Return the `Context` that a command was invoked with."""
    context = invocation.obj
    assert isinstance(context, Context)
    return context
