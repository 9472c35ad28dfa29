"""The script for fish: one `complete` line for each command, option and argument, with the condition for it."""

from __future__ import annotations

from visitors.help.table import Argument, Command, Option, Value

_HEAD = """\
# Completion of visitors for fish, printed by: visitors completion fish
"""

_DRIVER = r"""
# Print where the cursor is: the words of the command, then how many arguments it has so far.
function __visitors_place
    set -l place
    set -l position 0
    set -l option
    set -l ended
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if set -q option[1]
            set option
        else if test -z "$ended" -a "$word" = --
            set ended yes
        else if test -z "$ended"; and string match -q -- '-?*' "$word"
            if contains -- "$word" (__visitors_valued "$place")
                set option "$word"
            end
        else if contains -- "$place" $__visitors_groups
            set -a place "$word"
        else
            set position (math $position + 1)
        end
    end
    echo "$place"
    echo $position
end

# Whether the cursor is at the command $argv[1] and, if given, at an argument from $argv[2] to $argv[3].
function __visitors_at
    set -l found (__visitors_place)
    test "$found[1]" = "$argv[1]"; or return 1
    set -q argv[2]; or return 0
    test "$found[2]" -ge "$argv[2]"; or return 1
    set -q argv[3]; or return 0
    test "$found[2]" -le "$argv[3]"
end

# Print the ids of kind $argv[1] that begin with what was typed; a line that is no id is left out.
function __visitors_ids
    set -l store
    set -l words (commandline -opc)
    set -l before
    for word in $words
        if contains -- "$before" --db --store
            set store "$before" "$word"
        else if string match -qr -- '^--(db|store)=' "$word"
            set store (string split -m 1 -- = "$word")
        end
        set before "$word"
    end
    # no id has a quote or a backslash: they are how the word is written
    set -l typed (string replace -ra -- '["\'\\\\]' '' (commandline -ct) | string replace -r -- '^--[^=]*=' '')
    # each with an empty description: it would be the option's help
    command visitors __complete $store "$argv[1]" "$typed" 2>/dev/null |
        string match -r -- '^[A-Za-z0-9._:-]+$' | string replace -r -- '$' \t
end

# Print those of the words $argv that do not stand before the last comma of what was typed, behind that.
function __visitors_others
    set -l typed (string replace -ra -- '["\'\\\\]' '' (commandline -ct) | string replace -r -- '^--[^=]*=' '')
    set -l before (string match -r -- '^.*,' "$typed")
    set -l given (string split -- , "$before")
    for word in $argv
        if not contains -- "$word" $given
            echo "$before$word"\t
        end
    end
end

complete -c visitors -e
complete -c visitors -f
"""


def script(root: Command) -> str:
    """Return the whole script."""
    lines = [_HEAD, *_tables(root), _DRIVER.rstrip("\n")]
    for command in root.walk():
        lines += ["", f"# visitors {command.words}".rstrip()]
        place = f"-n {_quoted(f'__visitors_at {_quoted(command.words)}')}"
        for member in command.members:
            lines.append(f"complete -c visitors {place} -a {member.name} -d {_quoted(member.help)}")
        lines += [f"complete -c visitors {place} {words}" for option in command.options for words in _option(option)]
        lines += [_argument(command.words, number, argument) for number, argument in enumerate(command.arguments)]
    return "\n".join(lines) + "\n"


def _tables(root: Command) -> list[str]:
    """Write which positions have commands below them, and which options take a value."""
    groups = " ".join(_quoted(command.words) for command in root.walk() if command.members)
    lines = [f"set -g __visitors_groups {groups}", "", "# Print the options of the command $argv[1] that take a value."]
    lines += ["function __visitors_valued", '    switch "$argv[1]"']
    for command in root.walk():
        if command.valued:
            lines += [
                f"        case {_quoted(command.words)}",
                f"            string split ' ' -- '{' '.join(command.valued)}'",
            ]
    return [*lines, "    end", "end"]


def _option(option: Option) -> list[str]:
    """Return the words that declare `option`, and those for its opposite."""
    found = []
    for names in (option.names, option.opposites):
        if names:
            flags = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in names]
            taken = [_taken(option.value)] if option.value else []
            found.append(" ".join([*flags, *taken, f"-d {_quoted(option.help)}"]))
    return found


def _argument(words: str, number: int, argument: Argument) -> str:
    until = "" if argument.is_repeatable else f" {number}"
    place = f"__visitors_at {_quoted(words)} {number}{until}"
    taken = _taken(argument.value).removeprefix("-x").removeprefix("-r").strip()
    return f"complete -c visitors -n {_quoted(place)} {taken or '-f'}"


def _taken(value: Value) -> str:
    """Return how an option's value is completed; `-x` means that it takes one, which is not a file."""
    if value.several:
        return f"-x -a '(__visitors_others {' '.join(value.choices)})'"
    if value.choices:
        choices = " ".join(rf"{choice}\t" for choice in value.choices)  # no description: it would be the option's help
        return f"{'-r -F' if value.is_file else '-x'} -a '{choices}'"
    if value.kinds:
        return f"-x -a '(__visitors_ids {','.join(value.kinds)})'"
    return "-r -F" if value.is_file else "-x"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
