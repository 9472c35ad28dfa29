"""The stores of the trials serve here too."""

from __future__ import annotations

from trials.conftest import furnished

__all__ = ["furnished"]
