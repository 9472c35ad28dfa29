"""An invalid language, time zone, IP or country is refused, or with --lenient left out."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import visitors as api
from visitors.errors import InvalidData

Visitors = Callable[..., Any]

UNDERSTOOD = [
    ("language", "en_US", "en-US"),
    ("language", "en-US;q=0.9", "en-US"),
    ("ip", "203.0.113.7:443", "203.0.113.7"),
    ("ip", "[2001:DB8::7]:443", "2001:db8::7"),
    ("ip", "[2001:db8::7]", "2001:db8::7"),
    ("countryCode", "de", "DE"),
    ("countryCode", "XK", "XK"),
]
REFUSED = [
    ("language", "en-US,en;q=0.9", "invalid_language", "did you mean en-US?"),
    ("ip", "203.0.113.7, 198.51.100.1", "invalid_ip", "did you mean 203.0.113.7?"),
    ("ip", "fe80::1%eth0", "invalid_ip", "did you mean fe80::1?"),
    ("ip", "203.0.113.7:99999", "invalid_ip", "use an address such as 203.0.113.7 or 2001:db8::7"),
    ("timezone", "europe/berlin", "invalid_timezone", "did you mean Europe/Berlin?"),
    ("countryCode", "XX", "invalid_country_code", "use two letters, such as DE"),
    ("countryCode", "UK", "invalid_country_code", "did you mean GB?"),
    ("countryCode", "EU", "invalid_country_code", "use two letters, such as DE"),
    ("countryCode", "T1", "invalid_country_code", "use two letters, such as DE"),
]
_FLAGS = {"countryCode": "--country-code"}


def _option(field: str, value: str) -> str:
    return f"{_FLAGS.get(field, f'--{field}')}={value}"


ENTRANCES: dict[str, Callable[[str, str], tuple[list[str], str]]] = {
    "create": lambda field, value: (["create", "--id", "v", _option(field, value)], ""),
    "update": lambda field, value: (["update", "there", _option(field, value)], ""),
    "track": lambda field, value: (["track", "--id", "v", _option(field, value)], ""),
    "import ndjson": lambda field, value: (["import", "-"], json.dumps({"id": "v", field: value})),
    "import csv": lambda field, value: (["import", "-"], f'id,{field}\nv,"{value}"\n'),
    "fixtures": lambda field, value: (
        ["fixtures", "apply", "-"],
        f"version: 1\nvisitors: {{v: {{id: v, {field}: {json.dumps(value)}}}}}\n",
    ),
}  # fmt: skip


def stored(visitors: Visitors, visitor: str, field: str) -> Any:
    return visitors("show", visitor, "--format", "json").json[field]


@pytest.mark.parametrize(("field", "value", "kept"), UNDERSTOOD)
@pytest.mark.parametrize("entrance", ENTRANCES)
def test_other_forms_of_a_value_are_understood_at_every_entrance(
    visitors: Visitors, entrance: str, field: str, value: str, kept: str
) -> None:
    visitors("create", "--id", "there")
    words, given = ENTRANCES[entrance](field, value)
    visitors(*words, input=given)
    assert stored(visitors, "there" if entrance == "update" else "v", field) == kept


@pytest.mark.parametrize(("field", "value", "code", "hint"), REFUSED)
@pytest.mark.parametrize("entrance", ENTRANCES)
def test_invalid_values_are_refused_at_every_entrance_with_a_suggestion(
    visitors: Visitors, entrance: str, field: str, value: str, code: str, hint: str
) -> None:
    visitors("create", "--id", "there")
    before = visitors("db", "dump").stdout
    words, given = ENTRANCES[entrance](field, value)
    refused = visitors(*words, "--format", "json", input=given, code=5)
    assert code in refused.stderr
    assert hint in refused.stderr
    assert visitors("db", "dump").stdout == before


@pytest.mark.parametrize(("field", "value", "code", "_hint"), REFUSED)
def test_invalid_values_are_refused_in_python(tmp_path: Path, field: str, value: str, code: str, _hint: str) -> None:
    name = {"countryCode": "country_code"}.get(field, field)
    told: Any = {name: value}
    with api.open_store(tmp_path / "api.db") as store:
        there = store.create("there")
        for refused in (
            lambda: store.create("v", **told),
            lambda: store.track("v", **told),
            lambda: store.update("there", **told),
            lambda: store.import_([{"id": "v", field: value}]),
        ):
            with pytest.raises(InvalidData) as error:
                refused()
            assert error.value.code == code
        with pytest.warns(UserWarning, match="not stored"):
            assert getattr(store.track("v", lenient=True, **told).visitor, name) is None
        assert store.import_([{"id": "w", field: value}], lenient=True).values_left_out == 1
        assert [one.id for one in store.list()] == ["w", "v", there.id]


def test_a_country_of_an_older_store_that_does_not_exist_is_read_and_found(
    visitors: Visitors, store_path: Path
) -> None:
    visitors("create", "--id", "v", "--country-code", "DE")
    with sqlite3.connect(store_path) as database:
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'visitors'"
        ).fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE visitors SET country_code = 'XX'")
    assert stored(visitors, "v", "countryCode") == "XX"
    assert visitors("list", "--country-code", "xx", "--format", "ids").lines == ["v"]
    assert '"countryCode":"XX"' in visitors("export", "--format", "ndjson").stdout


# --lenient

BAD = ("--language", "???", "--ip", "999", "--timezone", "Mars/Base", "--country-code", "XX")


def test_track_lenient_drops_invalid_values_and_says_so(visitors: Visitors) -> None:
    visitors("track", "--id", "v", "--ip", "203.0.113.7", "--city", "Bonn")
    answer = visitors("track", "--id", "v", "--os", "iOS", "--lenient", *BAD)
    assert answer.stdout == "v\n"
    assert answer.stderr.count("not stored") == 4
    assert "language '???' is not a language tag; not stored" in answer.stderr
    page = visitors("show", "v", "--format", "json").json
    assert [page[field] for field in ("os", "ip", "city", "language")] == ["iOS", "203.0.113.7", "Bonn", None]


@pytest.mark.parametrize("option", ["--fingerprint=null", "--latitude=91", "--viewport=large"])
def test_track_lenient_refuses_other_invalid_values(visitors: Visitors, option: str) -> None:
    visitors("track", "--id", "v", "--lenient", option, "--language", "???", code=5)
    visitors("list", "--format", "count", code=None)


ROWS = "id,lang,ip,city\na,???,999,Bonn\nb,de,203.0.113.7:80,Ulm\nc,fr,x,Kiel\n"


@pytest.mark.parametrize("extra", [(), ("--keep-going",), ("--dry-run",)])
def test_import_lenient_accepts_the_rows_and_reports_what_it_left_out(
    visitors: Visitors, tmp_path: Path, extra: tuple[str, ...]
) -> None:
    (tmp_path / "x.csv").write_text(ROWS)
    rejects = tmp_path / "bad.csv"
    words = (
        "import",
        str(tmp_path / "x.csv"),
        "--map",
        "language=lang",
        "--lenient",
        "--rejects",
        str(rejects),
        *extra,
    )
    answer = visitors(*words)
    assert "x.csv, line 2, column 'lang': language '???' is not a language tag" in answer.stderr
    assert "not stored: 3 bad values (2 ip, 1 language)" in answer.stderr
    assert [line.split(",")[:3] for line in rejects.read_text().splitlines()[1:]] == [
        ["2", "lang", "invalid_language"], ["2", "ip", "invalid_ip"], ["4", "ip", "invalid_ip"],
    ]  # fmt: skip
    if extra != ("--dry-run",):
        assert [stored(visitors, one, "ip") for one in "abc"] == [None, "203.0.113.7", None]
        assert [stored(visitors, one, "language") for one in "abc"] == [None, "de", "fr"]


@pytest.mark.parametrize("name", ["x.ndjson", "x.json"])
def test_import_lenient_of_json(visitors: Visitors, tmp_path: Path, name: str) -> None:
    rows = [{"id": "a", "language": 5, "countryCode": "XX"}, {"id": "b", "language": "de"}]
    text = json.dumps(rows) if name == "x.json" else "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / name).write_text(text)
    assert (
        "not stored: 2 bad values (1 language, 1 countryCode)"
        in visitors("import", str(tmp_path / name), "--lenient").stderr
    )
    assert [stored(visitors, one, "language") for one in "ab"] == [None, "de"]


def test_import_lenient_refuses_other_bad_values_and_writes_nothing(visitors: Visitors, anonymous: str) -> None:
    refused = visitors("import", "-", "--lenient", input="id,language,latitude\na,???,\nb,de,91\n", code=5)
    assert "line 3, column 'latitude'" in refused.stderr
    assert "not stored" not in refused.stderr
    assert visitors("list", "--format", "ids").lines == [anonymous]


def test_a_rejected_row_is_not_reported_as_incomplete_too(visitors: Visitors, tmp_path: Path) -> None:
    visitors("create", "--id", "a")
    rejects = tmp_path / "bad.ndjson"
    answer = visitors(
        "import", "-", "--lenient", "--keep-going", "--rejects", str(rejects),
        input='{"id": "a", "language": "???"}\n{"id": "b", "language": "???"}\n', code=5,
    )  # fmt: skip
    assert "not stored: 1 bad value (1 language)" in answer.stderr
    assert [json.loads(line)["reject.code"] for line in rejects.read_text().splitlines()] == [
        "visitor_exists", "invalid_language",
    ]  # fmt: skip
