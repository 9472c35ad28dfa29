"""Markdown as a person sees it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from visitors.output.markdown import write_markdown

TEXT = """# A topic

Words with `code`, **weight**, a [topic](other.md#part) and
a second line that is long enough.

<!-- made by a program -->

| key | meaning |
|---|---|
| `id` | The id, which is a long story in a narrow column |

<!-- /made by a program -->

## A part

- one
- two, which goes on in the next line

```console
$ visitors list --search [bold]x[/] --fields id,contact.name
  indented
```
"""
SHOWN = """A topic

Words with code, weight, a topic and a
second line that is long enough.


 key  meaning
 ──────────────────────────────────────
 id   The id, which is a long story in
      a narrow column


A part

 • one
 • two, which goes on in the next line

  $ visitors list --search [bold]x[/] --fields id,contact.name
    indented
"""


def shown(text: str, columns: int, *, color: bool = False) -> str:
    out = io.StringIO()
    target = Console(file=out, width=columns, force_terminal=color, color_system="standard" if color else None)
    write_markdown(target, text)
    return out.getvalue()


def test_it_is_laid_out_without_comments_and_without_links_that_lead_nowhere() -> None:
    assert shown(TEXT, 40) == SHOWN


def test_a_line_of_code_is_never_broken_or_cut() -> None:
    code = "visitors list " + "--search x " * 30
    assert shown(f"```sh\n{code}\n```\n", 20) == f"  {code.rstrip()}\n"


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_no_line_ends_in_blanks_with_or_without_colour(columns: int) -> None:
    for color in (False, True):
        for line in shown(TEXT, columns, color=color).splitlines():
            assert not line.replace("\x1b[0m", "").endswith(" "), line


def test_prose_is_no_wider_than_a_page() -> None:
    assert max(map(len, shown("word " * 100, 200).splitlines())) <= 100


def test_headings_stand_out_and_code_has_no_background() -> None:
    text = shown(TEXT, 80, color=True)
    assert "\x1b[1;4mA topic\x1b[0m" in text
    assert "\x1b[1mA part\x1b[0m" in text
    assert "\x1b[36mcode\x1b[0m" in text
    assert "\x1b[4" not in text.replace("\x1b[1;4m", "")


def test_a_link_to_the_web_is_kept() -> None:
    assert "https://example.com" in shown("See [there](https://example.com/).", 80, color=True)
