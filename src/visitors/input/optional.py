"""Optional packages, and the error if one that a file needs is missing."""

from __future__ import annotations

import importlib
from typing import Any

from visitors.errors import UsageProblem


def needed(module: str, extra: str, what: str) -> Any:
    """Import a module that an extra installs. Raises UsageProblem that names the extra."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise UsageProblem(
            f"{what} needs the package {module.partition('.')[0].replace('_', '-')}, which is not installed",
            code="extra_needed",
            hint=f"pip install 'visitors[{extra}]'",
        ) from None
