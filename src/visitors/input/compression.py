"""Compressed files, recognised by their first bytes rather than their names."""

from __future__ import annotations

import gzip
import zlib
from importlib import import_module
from typing import Any, BinaryIO, cast

from visitors.errors import InvalidData

ENDINGS = (".gz", ".bz2", ".xz", ".zst")
"""The file name extensions of compressed files."""

Damage = tuple[type[Exception], ...]
"""Errors raised while reading damaged data, besides EOFError for truncated data."""


def unpacked(stream: BinaryIO, head: bytes, name: str) -> tuple[BinaryIO, Damage]:
    """Return `stream`, which begins with `head`, decompressed if it is compressed.

    Raises InvalidData if this Python cannot decompress it.
    """
    opened: Any
    # imported on demand, since they would slow every start
    if head.startswith(b"\x1f\x8b"):
        return cast("BinaryIO", gzip.GzipFile(fileobj=stream)), (gzip.BadGzipFile, zlib.error)
    if head.startswith(b"BZh"):
        opened = _module("bz2", name, "compressed with bzip2", "bunzip2")
        return opened.BZ2File(stream), ()  # which raises OSError
    if head.startswith(b"\xfd7zXZ\x00"):
        opened = _module("lzma", name, "compressed with xz", "unxz")
        return opened.LZMAFile(stream), (opened.LZMAError,)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        opened = _module("compression.zstd", name, "compressed with zstd, which needs Python 3.14 or later", "unzstd")
        return opened.ZstdFile(stream), (opened.ZstdError,)
    return stream, ()


def without_ending(path: str) -> str:
    """Return `path` in lower case, without the extension of a compressed file."""
    path = path.lower()
    for ending in ENDINGS:
        path = path.removesuffix(ending)
    return path


def _module(module: str, name: str, what: str, program: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise InvalidData(f"{name} is {what}", code="other_content", hint=f"decompress it first: {program}") from None
