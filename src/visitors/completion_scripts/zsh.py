"""The script for zsh: one function a command, using zsh's own `_arguments`."""

from __future__ import annotations

from visitors.help.table import Argument, Command, Option, Value

_HEAD = """\
#compdef visitors
# Completion of visitors for zsh, printed by: visitors completion zsh
"""

_FOOT = r"""
# Offer those of the words $@ that do not stand before the last comma of what was typed.
_visitors-others() {
    local -a given others expl
    local -a behind=(-S '') # no blank, since another comma may follow
    if [[ -n ${compstate[quote]-} ]]; then behind=(); fi
    given=("${(@s:,:)${(Q)PREFIX}}")
    given[-1]=()
    compset -P '*,'
    others=("${(@)@:|given}")
    _wanted words expl word compadd "${behind[@]}" -a others
}

# Offer the words $@, and files.
_visitors-either() {
    local expl ret=1
    _wanted names expl name compadd -- "$@" && ret=0
    _files && ret=0
    return ret
}

# Offer the ids of kind $1 that begin with what was typed; a line that is no id is left out.
_visitors-ids() {
    local -a found store expl
    local -i i
    for (( i = 2; i < ${#visitors_words}; i++ )); do
        case "${visitors_words[i]}" in
            (--db|--store) store=("${visitors_words[i]}" "${(Q)visitors_words[i+1]}") ;;
            (--db=*|--store=*) store=("${visitors_words[i]%%=*}" "${(Q)visitors_words[i]#*=}") ;;
        esac
    done
    found=("${(@f)$(command visitors __complete "${store[@]}" "$1" "${(Q)PREFIX}" 2>/dev/null)}")
    found=("${(@)found:#*[^A-Za-z0-9._:-]*}")
    found=("${(@)found:#}")
    _wanted ids expl id compadd -a found
}

if [[ "${funcstack[1]-}" == _visitors ]]; then
    _visitors "$@"
else
    compdef _visitors visitors
fi
"""


def script(root: Command) -> str:
    """Return the whole script."""
    functions = [
        _group(command, is_root=command is root) if command.members else _leaf(command) for command in root.walk()
    ]
    return "\n".join([_HEAD, *functions]) + _FOOT


def _leaf(command: Command) -> str:
    return f"{_function(command)}() {{\n{_arguments(command, [_positional(a) for a in command.arguments])}\n}}\n"


def _group(command: Command, *, is_root: bool) -> str:
    """Write the function of a group: it completes the next word, or delegates to the member already there."""
    members = "\n".join(f"        {_quoted(_member(member))}" for member in command.members)
    cases = "\n".join(f"            ({member.name}) {_function(member)} && ret=0 ;;" for member in command.members)
    whole_line = '    local -a visitors_words=("${words[@]}")\n' if is_root else ""
    return f"""\
{_function(command)}() {{
    local curcontext="$curcontext" state state_descr ret=1
    local -a line members
    local -A opt_args
{whole_line}    members=(
{members}
    )
{_arguments(command, ["'(-)1:command:->command'", "'(-)*::argument:->rest'"])} && ret=0
    case "$state" in
        (command) _describe -t commands command members && ret=0 ;;
        (rest)
            curcontext="${{curcontext%:*:*}}:{_function(command)[1:].replace("_", "-")}-${{line[1]}}:"
            case "${{line[1]}}" in
{cases.replace("            (", "                (")}
            esac
            ;;
    esac
    return ret
}}
"""


def _arguments(command: Command, others: list[str]) -> str:
    specs = [spec for option in command.options for spec in _specs(option)]
    context = "-C " if command.members else ""
    return " \\\n".join([f"    _arguments {context}-S", *(f"        {spec}" for spec in [*specs, *others])])


def _specs(option: Option) -> list[str]:
    """Yield one specification for each name of `option`, which excludes its other names and its opposites."""
    every = (*option.names, *option.opposites)
    text = option.help.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    specs = []
    for name in every:
        before = "*" if option.is_repeatable else f"({' '.join(every)})"
        after = ""
        if option.value:
            after = "=" if name.startswith("--") else "+"
        taken = _taken(option.value) if option.value else ""
        specs.append(_quoted(f"{before}{name}{after}[{text}]{taken}"))
    return specs


def _positional(argument: Argument) -> str:
    return _quoted(f"{'*' if argument.is_repeatable else ''}{_taken(argument.value)}")


def _taken(value: Value) -> str:
    """Return the part of a specification for what is taken: `:its name:how to complete it`."""
    action = " "
    if value.several or (value.choices and value.is_file):
        action = f" _visitors-{'others' if value.several else 'either'} {' '.join(value.choices)}"
    elif value.choices:
        action = f"({' '.join(value.choices)})".replace(":", "\\:")
    elif value.kinds:
        # the blank keeps _arguments from putting options of compadd before the kind
        action = f" _visitors-ids {','.join(value.kinds)}"
    elif value.is_file:
        action = "_files"
    label = value.label.replace("\\", "\\\\").replace(":", "\\:")
    return f":{label}:{action}"


def _member(command: Command) -> str:
    return f"{command.name}:{command.help}"


def _function(command: Command) -> str:
    return "_".join(["_visitors", *command.words.replace("-", "_").split()])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
