"""Case, accent and width folding for search."""

from __future__ import annotations

_ACCENTS = dict.fromkeys(range(0x300, 0x370))
"""Unicode's combining diacritical marks. Other scripts' marks, such as vowel signs, distinguish words."""

_BASES = str.maketrans({"ı": "i", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe",
                        "þ": "th"})  # fmt: skip
"""Letters that Unicode does not decompose, and their spelling on keyboards without them."""


def fold(text: str) -> str:
    """Fold `text` for search: `WEISS` equals `Weiß`, and `José` equals `jose`.

    Case and width are folded as Unicode defines (NFKC, full case folding), then accents are removed. A text of accents
    alone is kept.
    """
    if text.isascii():
        return text.lower()
    import unicodedata

    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", apart.translate(_ACCENTS)).translate(_BASES) or text


def search_text(*texts: str | None) -> str:
    """Build the search text of a record, besides its id and metadata: its folded texts, one a line."""
    return fold("\n".join(filter(None, texts)))
