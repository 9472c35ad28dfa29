"""The reference part of `visitors help python`, from the signatures, docstrings and types of the API itself."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

from visitors import api, errors, pytest_plugin
from visitors.api import Contacts, Conversations, Fixtures, VisitorStore
from visitors.commands import options
from visitors.domain.fields import BROWSER_DATA, PERSON

WIDTH = 76
"""What is left of a terminal of 80 columns for a block of code."""

_CLASSES = {"store": VisitorStore, "store.contacts": Contacts, "store.conversations": Conversations,
            "store.fixtures": Fixtures}  # fmt: skip


def _helps(declared: Iterable[inspect.Parameter]) -> dict[str, str]:
    """What the options of the command line say of themselves, by the names that they have in Python."""
    return {one.name: str(one.default.help).rstrip(".") for one in declared}


_ARGUMENTS = {
    "Browser": {field.column: field.about for field in BROWSER_DATA.values()},
    "Person": {
        **{field.column: field.about for field in PERSON.values()},
        "metadata": "Texts, numbers, booleans and None, by key",
    },
    "Chosen": _helps(options.selection()),
    "ChosenContacts": _helps(options.contact_selection()),
    "ChosenConversations": _helps(options.conversation_selection()),
}
"""The keyword arguments that several methods share, and what each of them is."""


def reference() -> str:
    """Every public name: functions and methods, their arguments, what they return, and errors."""
    parts = [_entry("", api.open_store)]
    for prefix, class_ in _CLASSES.items():
        parts += ["", f"### {prefix}", "", _doc(class_)]
        for name, member in vars(class_).items():
            if isinstance(member, property):
                returned = inspect.signature(member.fget).return_annotation  # type: ignore[arg-type]
                parts += ["", _code(f"{prefix}.{name}: {returned}"), "", _doc(member)]
            elif isinstance(member, FunctionType) and not name.startswith("_"):
                parts += ["", _entry(f"{prefix}.", member)]
    parts += ["", "### Keyword arguments"]
    for name, about in _ARGUMENTS.items():
        parts += ["", _type(name, about)]
    parts += ["", "### Results"]
    for name in sorted({*api.__all__} - {*_ARGUMENTS} - _aliases().keys()):
        value = getattr(api, name)
        if inspect.isclass(value) and value not in _CLASSES.values() and not issubclass(value, Exception):
            parts += ["", _type(name)]
    parts += ["", "### Types", ""]
    parts += [f"- `{name} = {written}`" for name, written in sorted(_aliases().items())]
    parts += ["", "### Errors", "", "Import them from `visitors`. Each has `message`, `hint` (or None) and `code`.", ""]
    parts += [f"- `{name}`: {_line(getattr(errors, name))}" for name in sorted(_errors())]
    parts += ["", "### visitors.pytest_plugin", "", "The types of the fixtures, for annotations."]
    for type_ in (pytest_plugin.Cli, pytest_plugin.Result, pytest_plugin.Clock):
        parts += ["", *_members(type_)]
    return "\n".join(parts) + "\n"


def _entry(prefix: str, function: Callable[..., Any]) -> str:
    name = f"{prefix}{function.__name__}"
    return f"{_code(name + _signature(function, len(name)))}\n\n{_doc(function)}"


def _signature(function: Callable[..., Any], indent: int) -> str:
    """The arguments and what is returned, on one line or on a line each."""
    signature = inspect.signature(function)
    shown: list[str] = []
    for one in list(signature.parameters.values()):
        if one.name == "self":
            continue
        if one.kind is one.KEYWORD_ONLY and not any(part.startswith("*") for part in shown):
            shown.append("*")
        stars = "*" if one.kind is one.VAR_POSITIONAL else "**" if one.kind is one.VAR_KEYWORD else ""
        default = "" if one.default is one.empty else f" = {_quoted(one.default)}"
        shown.append(f"{stars}{one.name}: {one.annotation}{default}")
    returned = f" -> {signature.return_annotation}"
    line = f"({', '.join(shown)}){returned}"
    if indent + len(line) <= WIDTH:
        return line
    return "(\n" + "".join(f"    {one},\n" for one in shown) + ")" + returned


def _quoted(default: object) -> str:
    return f'"{default}"' if isinstance(default, str) else repr(default)


def _type(name: str, about: dict[str, str] | None = None) -> str:
    """A type with its fields, or the keyword arguments that it stands for."""
    class_ = getattr(api, name)
    lines = [f"#### {name}", "", _doc(class_), ""]
    for field, annotation in _fields(class_):
        said = (about or {}).get(field)
        lines.append(f"- `{field}: {annotation}`" + (f": {said}" if said else ""))
    return "\n".join(lines)


def _fields(class_: type) -> Iterator[tuple[str, str]]:
    """The fields of a class and of those that it is made of, with their types as they are written."""
    found: dict[str, str] = {}
    for base in reversed(class_.__mro__):
        for field, annotation in inspect.get_annotations(base).items():
            if not field.startswith("_"):
                found[field] = _written(str(getattr(annotation, "__forward_arg__", annotation)), base.__module__)
    return iter(found.items())


def _written(annotation: str, module: str) -> str:
    """A type as it is written in a module, with what is no public name of it spelled out."""
    own = {name: value for name, value in _assigned(module).items() if name not in api.__all__}
    spelled = re.sub(r"\b[A-Z]\w+", lambda name: own.get(name[0], name[0]), annotation)
    return (spelled if spelled == annotation else _written(spelled, module)).replace("'", '"')


@cache
def _assigned(module: str) -> dict[str, str]:
    """What a module, or one that it imports from, assigns to its names, as it is written."""
    tree = ast.parse(Path(str(import_module(module).__file__)).read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for one in tree.body:
        if isinstance(one, ast.ImportFrom) and one.module and one.module.startswith("visitors."):
            wanted = {alias.name for alias in one.names}
            found |= {name: value for name, value in _assigned(one.module).items() if name in wanted}
        elif isinstance(one, ast.Assign | ast.AnnAssign) and one.value is not None:
            target = one.targets[0] if isinstance(one, ast.Assign) else one.target
            if isinstance(target, ast.Name):
                found[target.id] = ast.unparse(one.value).replace("'", '"')
    return found


def _aliases() -> dict[str, str]:
    """The public names that stand for other types, with these as they are written."""
    found = {}
    for name, value in _assigned(api.__name__).items():
        if name in api.__all__:
            found[name] = _written(value, _home(name))
    return found


def _home(name: str) -> str:
    """The module that assigns to a name which the API imports."""
    tree = ast.parse(Path(api.__file__).read_text(encoding="utf-8"))
    imports = [one for one in tree.body if isinstance(one, ast.ImportFrom)]
    return next(str(one.module) for one in imports if name in {alias.name for alias in one.names})


def _errors() -> set[str]:
    return {
        name for name in api.__all__ if isinstance(value := getattr(api, name), type) and issubclass(value, Exception)
    }


def _members(class_: type) -> list[str]:
    lines = [f"#### {class_.__name__}", "", _doc(class_), ""]
    lines += [f"- `{field}: {annotation}`" for field, annotation in _fields(class_)]
    for name, member in vars(class_).items():
        if isinstance(member, property):
            lines.append(f"- `{name}`: {_line(member)}")
        elif isinstance(member, FunctionType) and (name == "__call__" or not name.startswith("_")):
            called = "" if name == "__call__" else f".{name}"
            lines.append(f"- `{called}{_one_line(member)}`: {_line(member)}")
    return lines


def _one_line(function: FunctionType) -> str:
    return re.sub(r",?\s*\n\s*", " ", _signature(function, -1000))


def _code(text: str) -> str:
    return f"```text\n{text}\n```"


def _doc(of: Any) -> str:
    """The docstring, as Markdown."""
    return inspect.getdoc(of) or ""


def _line(of: Any) -> str:
    """The docstring on one line."""
    return " ".join(_doc(of).split())
