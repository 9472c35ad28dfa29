"""The stores of the trials are used here too."""

from __future__ import annotations

from trials.conftest import furnished

__all__ = ["furnished"]
