"""Mutants: small changes to a program that a test should notice. `tests/mutation.py` runs them.

Text for people is not mutated: docstrings, annotations, hints and help, error messages, tables of texts.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import random
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

_SQL = re.compile(r"\b(SELECT|FROM|WHERE|JOIN|AND|ORDER BY|IS NULL|IS NOT NULL|UPDATE|INSERT|DELETE|EXISTS)\b")
_SQL_FLIPS = {
    " AND ": " OR ", " OR ": " AND ", "IS NULL": "IS NOT NULL", "IS NOT NULL": "IS NULL", "NOT EXISTS": "EXISTS",
    " = ": " <> ", " <> ": " = ", " < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > ", " DESC": "",
    "LEFT JOIN": "JOIN", "min(": "max(", "max(": "min(", "UNION ALL": "UNION",
}  # fmt: skip
_COMPARISONS = {
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"), ast.Is: (r"is\b", "is not"), ast.IsNot: (r"is\s+not\b", "is"), ast.In: (r"in\b", "not in"),
    ast.NotIn: (r"not\s+in\b", "in"),
}  # fmt: skip
_SIGNS = {ast.Add: ("+", "-"), ast.Sub: ("-", "+")}
_PROSE = re.compile(r"[A-Za-z]{2,}[,;:]? [a-z]{2,}")
_TABLE = 10  # a literal with more strings than these is a table of data


class Mutant(NamedTuple):
    """One change to one file: the bytes from `start` to `end` become `text`."""

    path: Path
    line: int
    kind: str
    start: int
    end: int
    text: str

    def applied(self, source: bytes) -> bytes:
        """Return `source` with the change."""
        return source[: self.start] + self.text.encode() + source[self.end :]

    def difference(self, source: bytes) -> str:
        """Return the first differing line, before and after."""
        before, after = source.decode().splitlines(), self.applied(source).decode().splitlines()
        pairs = itertools.zip_longest(before, after, fillvalue="")
        old, new = next(((old, new) for old, new in pairs if old != new), ("", ""))
        return f"    - {old.strip()}\n    + {new.strip()}"


def mutants(path: Path, source: bytes) -> list[Mutant]:
    """Return all mutants of a file: valid programs, all different from each other and from the file."""
    finder = _Finder(path, source)
    finder.visit(ast.parse(source))
    seen = {source}
    found = []
    for mutant in sorted(finder.found, key=lambda one: (one.start, one.end, one.text)):
        text = mutant.applied(source)
        if text in seen:
            continue
        seen.add(text)
        with contextlib.suppress(SyntaxError):
            ast.parse(text)
            found.append(mutant)
    return found


class _Finder(ast.NodeVisitor):
    """Collects possible changes in a file, except in text for people."""

    def __init__(self, path: Path, source: bytes) -> None:
        self.found: list[Mutant] = []
        self._path = path
        self._source = source
        self._lines = [0, *itertools.accumulate(map(len, source.splitlines(keepends=True)))]
        self._strings = True

    def _start(self, node: ast.expr | ast.stmt) -> int:
        return self._lines[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._lines[node.end_lineno - 1] + node.end_col_offset

    def _note(self, kind: str, start: int, end: int, text: str) -> None:
        line = self._source.count(b"\n", 0, start) + 1
        self.found.append(Mutant(self._path, line, kind, start, end, text))

    def _replace(self, kind: str, node: ast.expr | ast.stmt, text: str) -> None:
        self._note(kind, self._start(node), self._end(node), text)

    def _between(self, kind: str, left: ast.expr, right: ast.expr, pattern: str, text: str) -> None:
        """Replace what is between two operands."""
        start = self._end(left)
        between = self._source[start : self._start(right)]
        if b"#" not in between and (found := re.search(pattern.encode(), between)):
            self._note(kind, start + found.start(), start + found.end(), text)

    def _without_strings(self, nodes: Iterable[ast.AST]) -> None:
        before, self._strings = self._strings, False
        for node in nodes:
            self.visit(node)
        self._strings = before

    # not run, or only for people

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for part in (*node.args.defaults, *filter(None, node.args.kw_defaults), *node.body):
            self.visit(part)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in node.body:
            self.visit(part)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self._assigned([node.target], node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._assigned(node.targets, node.value)

    def _assigned(self, targets: list[ast.expr], value: ast.expr) -> None:
        name = targets[0].id if isinstance(targets[0], ast.Name) else ""
        if name != "__all__":
            (self._without_strings if "HINT" in name else self._each)([value])

    def _each(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        (self._without_strings if node.arg in ("hint", "help", "about") else self._each)([node.value])

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not (isinstance(node.value, ast.Name) and node.value.id in ("Literal", "Annotated")):
            self.generic_visit(node)

    def _display(self, node: ast.Dict | ast.Tuple | ast.List | ast.Set) -> None:
        strings = [one for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        is_read = any(_PROSE.search(str(one.value)) and not _SQL.search(str(one.value)) for one in strings)
        hidden = is_read or len(strings) > _TABLE
        (self._without_strings if hidden else self._each)(ast.iter_child_nodes(node))

    visit_Dict = visit_Tuple = visit_List = visit_Set = _display  # noqa: N815 - names that ast gives

    # what is changed

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            self._each(node.orelse)
            return
        self._condition(node)

    def _condition(self, node: ast.If | ast.IfExp) -> None:
        for value in ("True", "False"):
            self._replace("condition", node.test, value)
        self.generic_visit(node)

    visit_IfExp = _condition  # noqa: N815 - as above

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            self._between("comparison", left, right, *_COMPARISONS[type(operator)])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in itertools.pairwise(node.values):
            self._between("connective", left, right, rf"\b{old}\b", new)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._note("negation", self._start(node), self._start(node) + len("not"), "")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if (signs := _SIGNS.get(type(node.op))) and not any(map(_is_text, (node.left, node.right))):
            self._between("arithmetic", node.left, node.right, re.escape(signs[0]), signs[1])
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if (signs := _SIGNS.get(type(node.op))) and not _is_text(node.value):
            self._between("arithmetic", node.target, node.value, re.escape(signs[0] + "="), signs[1] + "=")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        is_none_already = isinstance(node.value, ast.Constant) and node.value.value in (None, False)
        if node.value and not is_none_already:
            self._replace("return", node.value, "None")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return  # a docstring
        if isinstance(node.value, ast.Call):
            self._replace("statement", node, "pass")
        self.generic_visit(node)

    def visit_Continue(self, node: ast.Continue) -> None:
        self._replace("statement", node, "pass")

    def visit_Raise(self, node: ast.Raise) -> None:
        self._replace("statement", node, "pass")
        self._without_strings(ast.iter_child_nodes(node))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._sql(node)  # before Python 3.12 the positions inside an f-string are inexact

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._replace("constant", node, str(not node.value))
        elif isinstance(node.value, int):
            self._replace("constant", node, str(node.value + 1))
        elif isinstance(node.value, str) and _SQL.search(node.value):
            self._sql(node)
        elif isinstance(node.value, str) and self._strings:
            self._replace("constant", node, '""' if node.value else '"other"')

    def _sql(self, node: ast.JoinedStr | ast.Constant) -> None:
        """Change one word of a query, which is more informative than an invalid query."""
        start = self._start(node)
        source = self._source[start : self._end(node)]
        if not _SQL.search(source.decode()):
            return
        for old, new in _SQL_FLIPS.items():
            for found in re.finditer(re.escape(old.encode()), source):
                self._note("query", start + found.start(), start + found.end(), new)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def sample(found: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """Return `count` of them in random order, distributed over files by their number of mutants; the same for the same
    seed.
    """
    dice = random.Random(seed)  # noqa: S311 - a sample, no secret
    shuffled: list[Mutant] = []
    for _, group in itertools.groupby(found, key=lambda one: one.path):
        of_file = list(group)
        shuffled += dice.sample(of_file, len(of_file))
    count = min(count, len(shuffled))
    start = dice.random()
    chosen = [shuffled[int((start + number) * len(shuffled) / count)] for number in range(count)]
    return dice.sample(chosen, count)
