"""The script for bash: two tables, and a driver that finds its position on the line and looks it up.

It does not need the bash-completion project, and also runs in bash 3.2.
"""

from __future__ import annotations

from collections import Counter

from visitors.help.table import Command

_HEAD = """\
# Completion of visitors for bash, printed by: visitors completion bash
"""

_DRIVER = r"""
_visitors() {
    local IFS=$' \t\n'
    local place='' value='any' option='' chosen='' store='' ended='' word cur piece head=''
    local -i position=0 i
    local -a words candidates members options valued arguments
    COMPREPLY=()
    candidates=()
    _visitors_words
    _visitors_table ''
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        _visitors_pass "${words[i]}"
    done
    if ((${#words[@]} > 1)) && [[ ${words[${#words[@]} - 2]} == *[\<\>] ]]; then
        value='files'
    elif [[ -n $option ]]; then
        _visitors_value "$place $option"
    elif [[ -z $ended && $cur == --*=* ]]; then
        option=${cur%%=*}
        head="$option="
        if _visitors_among "$option" ${valued[@]+"${valued[@]}"}; then
            _visitors_value "$place $option"
        fi
    elif [[ -z $ended && $cur == -* ]]; then
        value="words ${options[*]-}"
    elif ((${#members[@]})); then
        value="words ${members[*]}"
    else
        _visitors_argument
    fi
    _visitors_offer
    return 0
}

# Go past one word that is complete: note what it says about the place and the store.
_visitors_pass() {
    if [[ -n $option ]]; then
        if [[ $option == --db || $option == --store ]]; then chosen=$option store=$1; fi
        option=''
    elif [[ -z $ended && $1 == -- ]]; then
        ended=yes
    elif [[ -z $ended && ($1 == --db=* || $1 == --store=*) ]]; then
        chosen=${1%%=*} store=${1#*=}
    elif [[ -z $ended && $1 == -?* ]]; then
        if _visitors_among "$1" ${valued[@]+"${valued[@]}"}; then option=$1; fi
    elif ((${#members[@]})); then
        place="${place:+$place }$1"
        _visitors_table "$place"
    else
        position+=1
    fi
}

# Set words to the line's words up to the cursor, with what bash took apart at = and : put together
# again; cur is the last of them, and piece the part of it that bash is going to replace.
_visitors_words() {
    local line=${COMP_LINE-} part before=''
    local -i i last
    line=${line:0:${COMP_POINT-0}}
    words=()
    piece=''
    for ((i = 0; i <= COMP_CWORD; i++)); do
        part=${COMP_WORDS[i]-}
        if ((i > 0)) && [[ -n $line && $line != [[:blank:]]* && ($part == [=:]* || $before == *[=:]) ]]; then
            last=$((${#words[@]} - 1))
        else
            last=${#words[@]}
            words[last]=''
        fi
        line=${line#"${line%%[![:blank:]]*}"}
        if ((i == COMP_CWORD)) && [[ -n $line && $part == "$line"* ]]; then part=$line; fi
        words[last]+=$part
        line=${line#"$part"}
        before=$part
    done
    cur=${words[${#words[@]} - 1]}
    case $before in
    = | : | ::) piece='' ;;
    [\"\']*) # bash replaces what is behind the open quote
        piece=${before:1}
        cur=${cur%"$before"}$piece
        ;;
    *) piece=$before ;;
    esac
}

# Set value to what the argument at this position takes.
_visitors_argument() {
    local -i count=${#arguments[@]}
    if ((position < count)); then
        value=${arguments[position]}
    elif ((count)) && [[ ${arguments[count - 1]} == '*'* ]]; then
        value=${arguments[count - 1]}
    fi
    value=${value#'*'}
}

# Offer what value stands for: its first word says how to find it.
_visitors_offer() {
    local candidate
    local -i cut=$((${#cur} - ${#piece}))
    local typed=${cur#"$head"}
    case $value in
    files) compopt -o default 2>/dev/null ;;
    words\ *) read -r -a candidates <<<"${value#words }" ;;
    several\ *) _visitors_others "${value#several }" ;;
    either\ *)
        read -r -a candidates <<<"${value#either }"
        compopt -o default 2>/dev/null # files, where none of these fits
        ;;
    ids\ *) _visitors_ids "${value#ids }" "$typed" ;;
    esac
    for candidate in ${candidates[@]+"${candidates[@]}"}; do
        if [[ $candidate == "$typed"* ]]; then
            candidate=$head$candidate
            COMPREPLY+=("${candidate:cut}")
        fi
    done
}

# Set candidates to the words of $1 that do not stand before the last comma of what was typed.
_visitors_others() {
    local before='' word
    local -a all
    if [[ $typed == *,* ]]; then before="${typed%,*},"; fi
    head+=$before
    typed=${typed#"$before"}
    read -r -a all <<<"$1"
    for word in "${all[@]}"; do
        if [[ ,$before != *",$word,"* ]]; then candidates+=("$word"); fi
    done
    compopt -o nospace 2>/dev/null # another comma may follow
}

# Set candidates to the ids of kind $1 that begin with $2; a line that is no id is left out.
_visitors_ids() {
    local id
    case $store in
    \'*\' | \"*\") store=${store:1:${#store}-2} ;;
    *) store=${store//\\/} ;;
    esac
    while IFS='' read -r id; do
        case $id in
        '' | *[!A-Za-z0-9._:-]*) ;;
        *) candidates+=("$id") ;;
        esac
    done <<<"$(command visitors __complete ${store:+"$chosen" "$store"} "$1" "$2" 2>/dev/null)"
}

# Whether $1 is among the others.
_visitors_among() {
    local sought=$1 other
    shift
    for other in "$@"; do
        if [[ $other == "$sought" ]]; then return 0; fi
    done
    return 1
}

complete -F _visitors visitors
"""


def script(root: Command) -> str:
    """Return the whole script."""
    return "\n".join([_HEAD, *_places(root), "", *_values(root), _DRIVER.rstrip("\n")]) + "\n"


def _places(root: Command) -> list[str]:
    """Write the function that returns what is possible at a position: commands, options, arguments."""
    lines = ["# What can stand at the place $1, the words of a command.", "_visitors_table() {"]
    lines += ["    members=() options=() valued=() arguments=()", "    case $1 in"]
    for command in root.walk():
        arguments = [f"'{'*' if a.is_repeatable else ''}{a.value}'" for a in command.arguments]
        lines += [
            f"    '{command.words}')",
            *_array("members", [member.name for member in command.members]),
            *_array("options", command.names),
            *_array("valued", command.valued),
            *_array("arguments", arguments),
            "        ;;",
        ]
    return [*lines, "    esac", "}"]


def _array(name: str, words: list[str]) -> list[str]:
    return [f"        {name}=({' '.join(words)})"] if words else []


def _values(root: Command) -> list[str]:
    """Write the function that returns what an option takes.

    An option mostly takes the same everywhere: that is one line, below those of commands where it differs.
    """
    taken = [
        (command.words, name, str(option.value))
        for command in root.walk()
        for option in command.options
        for name in option.names
        if option.value
    ]
    usual: dict[str, str] = {}
    for name in dict.fromkeys(name for _, name, _ in taken):
        usual[name] = Counter(value for _, other, value in taken if other == name).most_common(1)[0][0]
    rows = [(f"'{words} {name}'", value) for words, name, value in taken if value != usual[name]]
    rows += [(f"*' {name}'", value) for name, value in usual.items() if value != "any"]
    lines = ["# What $1, a place and an option, takes.", "_visitors_value() {", "    case $1 in"]
    lines += [f"    {pattern}) value='{value}' ;;" for pattern, value in rows]
    return [*lines, "    esac", "}"]
