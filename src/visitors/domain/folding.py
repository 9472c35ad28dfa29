"""What texts are searched by: without the differences of letter case, accents and width."""

from __future__ import annotations

_ACCENTS = dict.fromkeys(range(0x300, 0x370))
"""Unicode's combining diacritical marks; those of other scripts, such as vowel signs, tell words apart."""

_BASES = str.maketrans({"ı": "i", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe",
                        "þ": "th"})  # fmt: skip
"""Letters that Unicode has as letters of their own, and people without them on their keyboard write as others."""


def fold(text: str) -> str:
    """`text` as it is searched by: `WEISS` and `Weiß` are the same, and so are `José` and `jose`.

    Case is folded and width taken away as Unicode does (NFKC, full case folding), then accents go. Accents alone stay.
    """
    if text.isascii():
        return text.lower()
    import unicodedata

    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", apart.translate(_ACCENTS)).translate(_BASES) or text


def search_text(*texts: str | None) -> str:
    """What a record is found by, beside its id and its metadata: its texts, folded, one a line."""
    return fold("\n".join(filter(None, texts)))
