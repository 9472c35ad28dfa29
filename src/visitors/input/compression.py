"""Compressed files, told by how they begin, whatever they are called."""

from __future__ import annotations

import gzip
import zlib
from importlib import import_module
from typing import Any, BinaryIO, cast

from visitors.errors import InvalidData

ENDINGS = (".gz", ".bz2", ".xz", ".zst")
"""What the names of compressed files end in."""

Damage = tuple[type[Exception], ...]
"""The errors that reading damaged data raises, beside EOFError for data that end too early."""


def unpacked(stream: BinaryIO, head: bytes, name: str) -> tuple[BinaryIO, Damage]:
    """`stream`, which begins with `head`, as what is compressed in it, or as it is if it is not compressed.

    Raises InvalidData where this Python cannot unpack it.
    """
    opened: Any
    # the modules are imported where they are needed: they would slow every start
    if head.startswith(b"\x1f\x8b"):
        return cast("BinaryIO", gzip.GzipFile(fileobj=stream)), (gzip.BadGzipFile, zlib.error)
    if head.startswith(b"BZh"):
        opened = _module("bz2", name, "compressed with bzip2", "bunzip2")
        return opened.BZ2File(stream), ()  # which raises OSError
    if head.startswith(b"\xfd7zXZ\x00"):
        opened = _module("lzma", name, "compressed with xz", "unxz")
        return opened.LZMAFile(stream), (opened.LZMAError,)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        opened = _module("compression.zstd", name, "compressed with zstd, which Python reads from 3.14 on", "unzstd")
        return opened.ZstdFile(stream), (opened.ZstdError,)
    return stream, ()


def without_ending(path: str) -> str:
    """`path` in lower case, without the ending of a compressed file."""
    path = path.lower()
    for ending in ENDINGS:
        path = path.removesuffix(ending)
    return path


def _module(module: str, name: str, what: str, program: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise InvalidData(f"{name} is {what}", code="other_content", hint=f"unpack it first: {program}") from None
