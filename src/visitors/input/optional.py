"""Optional packages, and the error if one that a file needs is missing."""

from __future__ import annotations

import importlib
from typing import Any

from visitors.errors import UsageProblem


def needed(module: str, packages: str, what: str) -> Any:
    """Import a module that the `packages` of an extra provide. Raises UsageProblem that names them.

    It does not name the extra, because a package index may have another project called visitors.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise UsageProblem(
            f"{what} needs the package {module.partition('.')[0].replace('_', '-')}, which is not installed",
            code="extra_needed",
            hint=f"add it to the environment of visitors: pip install {packages}",
        ) from None
