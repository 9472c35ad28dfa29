"""What a command receives: settings, clock, actor, output, and a store that opens on first use."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from visitors.domain import times
from visitors.domain.ids import Entropy
from visitors.domain.times import Instant
from visitors.errors import Declined, InvalidData, NotFound, StoreProblem, UsageProblem, moved
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

_HEADER_HINT = "this looks like a header line; to list ids only, use --format ids or --no-header where they come from"
_LINE_LIMIT = 4 * 1024 * 1024
"""Like the limit for lines of files: an endless line must not fill the memory."""


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
        self._lines: Iterator[str] | None = None
        """The lines of standard input, once the first has been inspected."""
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

        values = dict(self.group("selection"))
        metadata = values.pop("metadata", None) or []
        return parse_selection(values, list(metadata), self.now)

    def contact_selection(self) -> ContactSelection:
        """Parse the options that select contacts in a listing. Raises InvalidData and UsageProblem."""
        from visitors.domain.contact_selection import parse_contact_selection

        values = dict(self.group("contact_selection"))
        metadata = values.pop("metadata", None) or []
        return parse_contact_selection(values, list(metadata), self.now)

    def conversation_selection(self) -> ConversationSelection:
        """Parse the options that select conversations in a listing; visitors and contacts are not resolved yet. Raises
        InvalidData and UsageProblem.
        """
        from visitors.domain.conversation_selection import parse_conversation_selection

        return parse_conversation_selection(dict(self.group("conversation_selection")), self.now)

    def file_to(self, ability: Ability) -> File:
        """Return the store's path, for a command that does this to its file. Raises UsageProblem if that is not
        possible.
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
        lines = [line for line in map(str.strip, self.input_lines(any_text=False)) if line]
        if lines and lines[0].startswith(("[", "{")):
            raise InvalidData(
                "standard input is JSON, but must have one id per line",
                code="other_content",
                hint="to list ids only, use --format ids where they come from",
            )
        return lines

    @property
    def ignores_missing(self) -> bool:
        """Whether missing records are ignored."""
        return bool(self.group("targets").get("ignore_missing"))

    def missing(self, lost: Sequence[Lost], named: int) -> None:
        """Report and ignore missing records, if requested. Raises NotFound otherwise."""
        from visitors.operations.references import refuse, told

        if not self.ignores_missing:
            if self._lines is not None and _is_header(lost[0].typed):
                first = lost[0].error
                raise NotFound(first.message, code=first.code, hint=_HEADER_HINT)
            refuse(lost, named, "to skip missing ones, add --ignore-missing" if self.takes("ignore_missing") else None)
        elif not self._told_missing:
            self._told_missing = True
            self.output.note(f"skipped {len(lost):,} of {named:,}, not found: {told(lost)}")

    def input_lines(self, *, any_text: bool = True) -> Iterator[str]:
        """Yield the lines of standard input, split only at line feeds. Raises InvalidData if it is not UTF-8, or a line
        is too long; and unless it may be `any_text`, for content recognised as something other than rows or ids.
        """
        lines = self._lines if self._lines is not None else self._read_lines(any_text=any_text)
        self._lines = iter(())
        return lines

    def input_begins_with(self, sign: str) -> bool:
        """Return whether the first line of standard input that is not blank begins like this. `input_lines` still
        yields all of it, and raises InvalidData in the same cases.
        """
        lines, seen = self.input_lines(any_text=False), []
        for line in lines:
            seen.append(line)
            if line.strip():
                break
        self._lines = chain(seen, lines)
        return bool(seen) and seen[-1].lstrip().startswith(sign)

    def _read_lines(self, *, any_text: bool) -> Iterator[str]:
        from visitors.input.other_content import refuse_other_content

        stream = sys.stdin.buffer
        is_looked_at = any_text
        for number, line in enumerate(iter(lambda: stream.readline(_LINE_LIMIT), b""), start=1):
            if not is_looked_at:
                refuse_other_content(line, "standard input")
                is_looked_at = bool(line.strip())
            if len(line) == _LINE_LIMIT:
                raise InvalidData(
                    f"standard input, line {number}: longer than {_LINE_LIMIT // 1024 // 1024} MiB",
                    code="line_too_long",
                )
            try:
                yield line.removeprefix(codecs.BOM_UTF8 if number == 1 else b"").decode()
            except UnicodeDecodeError as error:
                raise InvalidData(
                    f"standard input, line {number}: not UTF-8 (byte {error.start + 1})", code="not_utf8"
                ) from None

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

    @property
    def can_ask(self) -> bool:
        """Whether there is a person at a terminal to be asked."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def agree(self) -> None:
        """Ask before a change if the store confirms every one, unless this run was confirmed already.

        Raises Declined, or UsageProblem without a terminal.
        """
        if self.settings.confirms:
            self.confirm(f"change the store {self.settings.store_name} ({self.command})", yes=self._agreed)

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

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask for confirmation on the terminal, unless `yes` is given.

        Raises Declined, or UsageProblem without a terminal.
        """
        if yes:
            return
        if not self.can_ask:
            raise UsageProblem(
                f"{question}: confirmation needed, but this is not a terminal",
                code="yes_needed",
                hint="to confirm, add --yes",
            )
        self._leave_store()
        self.output.show_long()
        sys.stdout.flush()
        if self.settings.store_was_named and not (self._told_store and not self.settings.quiet):
            sys.stderr.write(f"store: {visible(self.settings.shown_store)}\n")
            self._told_store = True
        sys.stderr.write(f"{visible(question)}? [y/N] ")
        sys.stderr.flush()
        _discard_typed_input()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise Declined("nothing was changed")
        self._agreed = True


def _is_header(line: str) -> bool:
    """Return whether a line of standard input that matches no record is the header of a listing."""
    from visitors.domain.fields import CONTACT, FLAT

    known = {*FLAT, *(field.name for field in CONTACT), "visitorId"}
    return all(cell.strip() in known for cell in line.replace("\t", ",").split(","))


def _discard_typed_input() -> None:
    """Discard input typed before the question."""
    if os.name == "posix":
        import termios

        termios.tcflush(sys.stdin, termios.TCIFLUSH)


def _usual_store() -> str | None:
    """Return the default store, if it exists."""
    try:
        return load_settings({}, os.environ).store.name
    except (StoreProblem, UsageProblem, InvalidData):
        return None


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
