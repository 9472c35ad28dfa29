"""Options shared by several commands, in groups; `cli.build` adds them to the commands.

Values are stored in the `meta` of Typer's context, which a group shares with its commands, so an option that is valid
everywhere may be given anywhere on the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, StrEnum
from inspect import Parameter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visitors import __version__, registry
from visitors.context import Context
from visitors.domain.fields import BROWSER_DATA, FILTERS, PERSON, Field, flag
from visitors.errors import UsageProblem
from visitors.output.output import FORMATS

if TYPE_CHECKING:
    from visitors.domain.contact import Identity

EVERYWHERE = "visitors.everywhere"
GROUPS = "visitors.groups"

Callback = Callable[[Any, Any, Any], Any]
"""Called by Typer with its context, the option, and the given value."""

VisitorArguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="VISITOR...",
        help="Ids or unique prefixes; - reads them from standard input.",
        show_default=False,
    ),
]
VisitorArgument = Annotated[str, typer.Argument(metavar="VISITOR", help="Id or unique prefix.", show_default=False)]
ContactArguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="CONTACT...",
        help="Ids or unique prefixes, emails, or ext:ID for external ids; - reads them from standard input.",
        show_default=False,
    ),
]
All = Annotated[bool, typer.Option("--all", help="Act on every visitor.")]
ContactArgument = Annotated[
    str,
    typer.Argument(
        metavar="CONTACT", help="Id or unique prefix, email, or ext:ID for an external id.", show_default=False
    ),
]
ConversationArgument = Annotated[
    str, typer.Argument(metavar="CONVERSATION", help="Id or unique prefix.", show_default=False)
]
ConversationArguments = Annotated[
    list[str],
    typer.Argument(
        metavar="CONVERSATION...", help="Ids or unique prefixes; - reads them from standard input.", show_default=False
    ),
]
ContactTarget = Annotated[
    str | None,
    typer.Option(
        "--contact",
        metavar="CONTACT",
        help="Act on a person, on every device: id, email or ext:ID.",
        show_default=False,
    ),
]
OutputFile = Annotated[
    str, typer.Option("-o", "--output", metavar="FILE", help="File to write; - is standard output. .gz compresses.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
"""For a command that asks; one that changes something without asking has `unneeded_yes`."""
Prune = Annotated[bool, typer.Option("--prune", help="Include records not named in the files.")]
Lenient = Annotated[
    bool,
    typer.Option("--lenient", help="Skip invalid languages, time zones, IP addresses and countries with a warning."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Show what would change, without changing anything.")]


def everywhere() -> list[Parameter]:
    """Options of every command and group."""
    return [
        _once(["--db"], "File or server URL of the store; :temp: for a temporary one.", metavar="PATH"),
        _once(["--store"], "Name of a store in the settings file.", metavar="STORE"),
        _once(["as_", "--as"], "Name to record in the history.", metavar="NAME"),
        _once(["--format"], "Output format.", kind=choice(FORMATS)),
        _once(["--fields"], "Fields to show, in this order: id,contact.email.", metavar="NAMES"),
        option(["--insecure-http"], _agree, registry.EVERYWHERE, "Allow http:// to another machine.", is_flag=True),
        option(["--no-header"], _agree, registry.EVERYWHERE, "Omit the header line of csv and tsv.", is_flag=True),
        option(["--no-color"], _agree, registry.EVERYWHERE, "Disable colour.", is_flag=True),
        option(["--local-time"], _agree, registry.EVERYWHERE, "Show times in tables in your time zone.", is_flag=True),
        option(["--no-pager"], _agree, registry.EVERYWHERE, "Do not page long output.", is_flag=True),
        option(["-q", "--quiet"], _agree, registry.EVERYWHERE, "Print only results and errors.", is_flag=True),
        _version(registry.EVERYWHERE),
    ]


def _once(declarations: Sequence[str], help_: str, **more: Any) -> Parameter:
    """Declare an option with one value; a list for Typer, which otherwise keeps the last one silently."""
    return option(declarations, _agree, registry.EVERYWHERE, help_, multiple=True, **more)


def _version(panel: str) -> Parameter:
    """`--version`, which prints it and exits."""

    def show(_context: Any, _option: Any, value: Any) -> None:
        if value:
            typer.echo(f"visitors {__version__}")
            raise typer.Exit

    return option(["-V", "--version"], show, panel, "Show the version and exit.", is_flag=True, is_eager=True)


def ignore_missing() -> list[Parameter]:
    """Options of a command that takes several names."""
    keep = kept_in(GROUPS, "targets")
    help_ = "Skip those that do not exist."
    return [option(["--ignore-missing"], keep, "Options", help_, is_flag=True)]


def unneeded_yes() -> Parameter:
    """`--yes` where only stores that confirm every change ask, so that scripts can always give it."""
    keep = kept_in(GROUPS, "confirmation")
    help_ = "Do not ask, even if the store confirms every change."
    return option(["-y", "--yes"], keep, "Options", help_, is_flag=True)


def browser_data() -> list[Parameter]:
    """Options for browser data."""
    return _of_fields(BROWSER_DATA, "browser_data", "Browser data")


def person() -> list[Parameter]:
    """Options for a person's data."""
    return [
        *_of_fields(PERSON, "person", "Person"),
        option(
            ["--metadata"],
            kept_in(GROUPS, "person"),
            "Person",
            "Set a string; K:=JSON sets a number, boolean or null.",
            metavar="K=V",
            multiple=True,
        ),
    ]


def _of_fields(fields: Mapping[str, Field], group: str, panel: str) -> list[Parameter]:
    keep = kept_in(GROUPS, group)
    return [_of_field(field, name, keep, panel, field.about) for name, field in fields.items() if field.metavar]


def _of_field(field: Field, name: str, keep: Callback, panel: str, about: str, *, multiple: bool = False) -> Parameter:
    kind = choice(field.choices) if field.choices else str
    return option(
        [name, flag(field.name)], keep, panel, f"{about}.", kind=kind, metavar=field.metavar, multiple=multiple
    )


def person_said(context: Context, *, clearable: tuple[str, ...] = (), **more: object) -> Identity:
    """Parse the options of `person`, with `more` input for `parse_identity`. Raises InvalidData."""
    from visitors.domain.identity import parse_identity
    from visitors.domain.metadata import parse_assignments

    values = dict(context.group("person"))
    if "metadata" in values:
        values["metadata"] = parse_assignments(values["metadata"])
    return parse_identity({**values, **more}, clearable)


_SELECTION = "Selection (repeat a filter to match any of its values)"


def selection() -> list[Parameter]:
    """Options that select visitors; all filters must match, and any value of one filter."""
    keep = kept_in(GROUPS, "selection")

    def several(name: str, about: str, metavar: str) -> Parameter:
        return option([name, flag(name)], keep, _SELECTION, about, metavar=metavar, multiple=True)

    return [
        option(
            ["identified", "--identified/--anonymous"], keep, _SELECTION, "With or without a contact.", is_flag=True
        ),
        option(["blocked", "--blocked/--not-blocked"], keep, _SELECTION, "Blocked now or not.", is_flag=True),
        *(
            _of_field(one, name, keep, _SELECTION, one.filter_about or one.about, multiple=True)
            for name, one in FILTERS.items()
        ),
        several("contact", "Devices of this contact: id, email or ext:ID.", "CONTACT"),
        _email_domain(keep),
        *_time_range("blocked", keep, "Blocked since"),
        several("blocked_by", "Blocked by this name.", "NAME"),
        several("block_reason", "Block reason contains this.", "TEXT"),
        *_time_range("created", keep, "Created"),
        *_time_range("updated", keep, "Changed"),
        *_time_range("seen", keep, "Last seen"),
        option(["--never-seen"], keep, _SELECTION, "Never seen.", is_flag=True),
        several("metadata", "Contact metadata: K (present), K=V or K!=V.", "FILTER"),
        _search(keep),
        option(["--deleted"], keep, _SELECTION, "Deleted ones instead.", is_flag=True),
    ]


def _time_range(what: str, keep: Callback, about: str) -> list[Parameter]:
    begins, ends = f"{about} at or after; a time or an age.", f"{about} before."
    return [
        option([f"--{what}-{end}"], keep, _SELECTION, said, metavar="TIME")
        for end, said in (("since", begins), ("until", ends))
    ]


def _email_domain(keep: Callback) -> Parameter:
    about = "Email at exactly this domain."
    return option(["--email-domain"], keep, _SELECTION, about, metavar="DOMAIN", multiple=True)


def _search(keep: Callback) -> Parameter:
    about = "Part of id, name, email or external id, ignoring case and accents."
    return option(["--search"], keep, _SELECTION, about, metavar="TEXT", multiple=True)


def contact_selection() -> list[Parameter]:
    """Options that select contacts in a listing; see `selection`."""
    keep = kept_in(GROUPS, "contact_selection")
    having = "With or without visitors that are not deleted."
    return [
        _search(keep),
        option(["blocked", "--blocked/--not-blocked"], keep, _SELECTION, "Blocked now or not.", is_flag=True),
        _email_domain(keep),
        option(
            ["--metadata"],
            keep,
            _SELECTION,
            "Metadata: K (present), K=V or K!=V.",
            metavar="FILTER",
            multiple=True,
        ),
        *_time_range("created", keep, "Created"),
        option(["has_visitors", "--has-visitors/--no-visitors"], keep, _SELECTION, having, is_flag=True),
        option(["--deleted"], keep, _SELECTION, "Deleted ones instead.", is_flag=True),
    ]


def conversation_selection() -> list[Parameter]:
    """Options that select conversations in a listing; see `selection`."""
    from visitors.domain.conversation import PRIORITIES, STATUSES

    keep = kept_in(GROUPS, "conversation_selection")

    def several(name: str, about: str, metavar: str | None = None, choices: Sequence[str] = ()) -> Parameter:
        kind = choice(choices) if choices else str
        return option([f"--{name}"], keep, _SELECTION, about, kind=kind, metavar=metavar, multiple=True)

    return [
        several("visitor", "Started by this visitor.", "VISITOR"),
        several("contact", "Of this contact.", "CONTACT"),
        several("status", "With this status.", choices=STATUSES),
        several("priority", "With this priority.", choices=PRIORITIES),
        several("search", "Part of the title or a message, ignoring case and accents.", "TEXT"),
        option(["--since"], keep, _SELECTION, "Started at or after; a time or an age.", metavar="TIME"),
        option(["--until"], keep, _SELECTION, "Started before.", metavar="TIME"),
        option(
            ["--unanswered"],
            keep,
            _SELECTION,
            "Open, with the last message from a visitor.",
            is_flag=True,
        ),
    ]


def selection_by_contact_target() -> list[Parameter]:
    """Options of `selection` except `--contact`, for commands where that is the target itself."""
    return [parameter for parameter in selection() if parameter.name != "contact"]


def refuse_other_targets(context: Context, visitors: list[str] | None, *, everything: bool) -> None:
    """Raise UsageProblem if visitors were named or selected in addition to `--contact`."""
    if visitors or everything or not context.selection().is_everything:
        raise UsageProblem("--contact cannot be combined with visitors or a selection")


def option(
    declarations: Sequence[str],
    callback: Callback,
    panel: str,
    help_: str,
    *,
    kind: Any = str,
    metavar: str | None = None,
    multiple: bool = False,
    is_flag: bool = False,
    is_eager: bool = False,
) -> Parameter:
    """Declare an option as a function parameter, which is the form that Typer reads."""
    kind = bool if is_flag else kind
    if issubclass(kind, Enum):
        metavar = f"<{'|'.join(kind)}>"
    name, *flags = declarations if declarations[0].isidentifier() else (_name_of(declarations), *declarations)
    option = typer.Option(
        None,
        *flags,
        case_sensitive=False,
        metavar=metavar,
        callback=callback,
        expose_value=False,
        is_eager=is_eager,
        help=help_,
        rich_help_panel=panel,
        show_default=False,
    )
    return Parameter(name, Parameter.KEYWORD_ONLY, default=option, annotation=list[kind] if multiple else kind)


def _name_of(flags: Sequence[str]) -> str:
    return max(flags, key=len).lstrip("-").replace("-", "_")


def choice(values: Sequence[str]) -> type[StrEnum]:
    """A choice between these values, as an enumeration, since Typer takes no list of a Literal."""
    make: Any = StrEnum
    made: type[StrEnum] = make("Choice", [(value.upper(), value) for value in values])
    return made


def _agree(context: Any, option: Any, value: Any) -> None:
    """Keep the value given anywhere on the line. Raises UsageProblem if two places contradict each other."""
    kept = context.meta.setdefault(EVERYWHERE, {})
    for one in value if isinstance(value, list) else [value]:
        if one is not None and kept.setdefault(option.name, one) != one:
            flag = max(option.opts, key=len)
            raise UsageProblem(
                f"{flag} is given twice, as {kept[option.name]} and as {one}", hint="leave out one of them"
            )


def kept_in(*path: str) -> Callback:
    """Make a callback that stores a given value in the context's `meta`, below `path`."""

    def keep(meta: dict[str, Any], name: str, value: Any) -> None:
        if value is not None and value not in ((), []):
            for key in path:
                meta = meta.setdefault(key, {})
            meta[name] = value

    # Without annotations, which Typer would evaluate for every option: that takes 2 ms of 60.
    return lambda context, option, value: keep(context.meta, option.name, value)
