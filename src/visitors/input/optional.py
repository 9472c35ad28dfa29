"""Packages that the program does not need, and what it says where one is missing that a file does need."""

from __future__ import annotations

import importlib
from typing import Any

from visitors.errors import UsageProblem


def needed(module: str, extra: str, what: str) -> Any:
    """The module that an extra of the program installs. Raises UsageProblem that names it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise UsageProblem(
            f"{what} needs the package {module.partition('.')[0].replace('_', '-')}, which is not installed",
            code="extra_needed",
            hint=f"pip install 'visitors[{extra}]'",
        ) from None
