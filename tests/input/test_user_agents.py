from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("ua_parser")

Visitors = Callable[..., Any]

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4"
    " Mobile/15E148 Safari/604.1"
)
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
TABLET = (
    "Mozilla/5.0 (Linux; Android 14; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
FIELDS = ("browser", "browserVersion", "os", "osVersion", "device", "deviceType")


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (IPHONE, ("Mobile Safari", "17.4", "iOS", "17.4", "iPhone", "mobile")),
        (WINDOWS, ("Chrome", "140.0", "Windows", "10", None, "desktop")),
        (TABLET, ("Chrome", "140.0", "Android", "14", "SM-X710", "tablet")),
        (BOT, ("Googlebot", "2.1", None, None, "Spider", "unknown")),
        ("", (None,) * 6),
    ],
)
def test_a_header_sets_browser_system_and_device(visitors: Visitors, agent: str, told: tuple[str | None, ...]) -> None:
    row = json.dumps({"id": "v", "ua": agent, "city": "Oslo"})
    visitors("import", "-", "--map", "userAgent=ua", input=row)
    (found,) = visitors("list", "--format", "json").json
    assert tuple(found[field] for field in FIELDS) == told


def test_a_column_goes_before_the_header(visitors: Visitors) -> None:
    text = f'id,browser,kind,agent\na,Links,tablet,"{WINDOWS}"\nb,,,"{WINDOWS}"\n'
    visitors("import", "-", "--map", "userAgent=agent", "--map", "deviceType=kind", "--map", "os=", input=text)
    b, a = visitors("list", "--format", "json").json
    assert (a["browser"], a["browserVersion"], a["deviceType"], a["os"]) == ("Links", "140.0", "tablet", None)
    assert (b["browser"], b["deviceType"]) == ("Chrome", "desktop")


def test_a_mapping_may_have_it_too(visitors: Visitors) -> None:
    header = "domain_userid,collector_tstamp,event_id,v_collector,br_name,br_version,useragent"
    text = f'{header}\na,2026-01-01,e,c,,,"{WINDOWS}"\nb,2026-01-01,e,c,Links,2,"{WINDOWS}"\n'
    visitors("import", "-", "--mapping", "snowplow", "--map", "userAgent=useragent", input=text)
    b, a = visitors("list", "--format", "json").json
    assert (a["browser"], a["os"], a["deviceType"]) == ("Chrome", "Windows", "desktop")
    assert (b["browser"], b["browserVersion"]) == ("Links", "2")
    answer = visitors("import", "-", "--map", "userAgent=useragent", "--explain-mapping", input="id,useragent\na,\n")
    assert [line.split("\t")[4] for line in answer.lines[2:]] == [*FIELDS]


def test_a_column_of_this_name_is_not_taken_for_it_unasked(visitors: Visitors) -> None:
    answer = visitors("import", "-", input=f'id,userAgent\na,"{BOT}"\n', code=5)
    assert answer.stderr.splitlines() == [
        "error: standard input: column 'userAgent' matches no field",
        "hint: did you mean userAgent? --map userAgent=userAgent",
    ]


def test_without_the_package_the_error_names_it(visitors: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    from visitors.input import user_agents

    user_agents._parser.cache_clear()
    monkeypatch.setitem(sys.modules, "ua_parser", None)
    answer = visitors("import", "-", "--map", "userAgent=ua", input="id,ua\na,x\n", code=2)
    assert answer.stderr.splitlines() == [
        "error: reading user agents needs the package ua-parser, which is not installed",
        "hint: add it to the environment of visitors: pip install ua-parser ua-parser-builtins",
    ]
