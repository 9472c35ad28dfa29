from __future__ import annotations

import gzip
import io
import json
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visitors.output.shapes import VISITOR as VISITOR_SHAPE

Visitors = Callable[..., Any]
Fill = Callable[..., None]

NOW = "2026-03-10T00:00:00.000Z"
NASTY = (
    'a "quoted", \'single\'; tab\there\nnew\r\nline \\t \\N \\\\ {"j": [1]}'
    " =1+1 \u2028\u0085\u202e\x1b[31m \U0001f600 é"
)


@pytest.fixture
def store(fill: Fill) -> None:
    """A store with everything that an export has to carry."""
    fill(
        {"id": "plain"},
        {
            "id": "nasty", "city": NASTY, "browser": "=cmd()", "os": "\\N", "device": "null", "language": "de",
            "latitude": -1e-7, "longitude": 180, "attribution": {"utm": {"source": NASTY}, "n": [1, 2.5, None]},
            "currentPage": {}, "createdAt": "2026-01-01T00:00:00.001Z", "updatedAt": "2026-01-02",
            "lastSeenAt": "2026-01-03", "isBlocked": True, "blockReason": NASTY, "blockedBy": 'Eve "E"',
            "blockedAt": "2026-02-01", "blockExpiresAt": "2027-01-01",
            "contact": {"id": "C1", "externalId": "x,1", "name": NASTY, "image": "https://example.com/?a=1,2",
                        "metadata": {"a b": NASTY, "n": 1, "f": 1.0, "t": True, "z": None, "e": ""},
                        "createdAt": "2025-01-01", "updatedAt": "2025-01-02"},
        },
        {
            "id": "blocked-person", "isBlocked": True,
            "contact": {"id": "C2", "email": "b@example.com", "isBlocked": True},
        },
        {"id": "their-other-device", "contact": {"id": "C2"}},
        {"id": "deleted", "deletedAt": "2026-02-02"},
        now=NOW,
    )  # fmt: skip


def export_to(visitors: Visitors, path: Path, *arguments: str) -> bytes:
    visitors("export", "-o", str(path), *arguments, now=NOW)
    return path.read_bytes()


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.json", "x.ndjson", "x.csv.gz", "x.ndjson.gz", "x.json.gz"])
def test_export_import_export_gives_the_same_bytes(visitors: Visitors, tmp_path: Path, name: str) -> None:
    first = export_to(visitors, tmp_path / name)
    second_store = ("--db", str(tmp_path / "second.db"))
    visitors("import", str(tmp_path / name), *second_store, now="2026-03-11")
    assert export_to(visitors, tmp_path / f"again-{name}", *second_store) == first
    records = [visitors("list", *place, "--format", "json", now=NOW).json for place in ((), second_store)]
    assert records[0] == records[1]


@pytest.mark.usefixtures("store")
def test_deleted_visitors_survive_the_round_trip(visitors: Visitors, tmp_path: Path) -> None:
    first = export_to(visitors, tmp_path / "x.csv", "--deleted")
    second_store = ("--db", str(tmp_path / "second.db"))
    visitors("import", str(tmp_path / "x.csv"), *second_store)
    assert export_to(visitors, tmp_path / "y.csv", "--deleted", *second_store) == first
    assert visitors("list", *second_store, "--format", "count").stdout == "0\n"


def test_a_deleted_contact_survives_the_round_trip_with_one_that_took_its_email(
    visitors: Visitors, fill: Fill, tmp_path: Path
) -> None:
    gone = {"id": "GONE", "email": "e@example.com", "deletedAt": "2026-02-01"}
    fill({"id": "first"}, {"id": "second", "contact": gone})
    visitors("identify", "first", "--email", "e@example.com")
    first = export_to(visitors, tmp_path / "x.csv")
    second_store = ("--db", str(tmp_path / "second.db"))
    visitors("import", str(tmp_path / "x.csv"), *second_store)
    assert export_to(visitors, tmp_path / "y.csv", *second_store) == first


def test_an_actor_with_white_space_around_survives_the_round_trip(
    visitors: Visitors, anonymous: str, tmp_path: Path
) -> None:
    visitors("block", anonymous, "--as", " Eve ")
    first = export_to(visitors, tmp_path / "x.csv")
    second_store = ("--db", str(tmp_path / "second.db"))
    visitors("import", str(tmp_path / "x.csv"), *second_store)
    assert export_to(visitors, tmp_path / "y.csv", *second_store) == first


TEXT = st.text(
    st.sampled_from("aé\"',;\t\n\r\\|{}[]:=+-@ tnNr\u2028\u0085\u202e\x1b\U0001f600\ufeff0"), min_size=1
).filter(str.strip)
FINGERPRINT = st.text(st.sampled_from("aé\"',;\t\n\r\\|:=+-@ 1\u2028\u0085\x1b\U0001f600")).map("fp1{}x".format)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
METADATA = st.dictionaries(
    TEXT.map(str.strip).map(lambda text: text[:100].strip()),
    TEXT | FLOATS | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.none(),
    max_size=3,
)  # fmt: skip
TIME = st.datetimes().map(lambda moment: moment.isoformat() + "Z")
CONTACT = st.none() | st.fixed_dictionaries(
    {"externalId": st.sampled_from(["a", "A", "b", "ü,1"])},
    optional={"name": TEXT, "image": TEXT, "metadata": METADATA, "createdAt": TIME, "updatedAt": TIME},
)
BLOCK = st.fixed_dictionaries(
    {"isBlocked": st.booleans()}, optional={"blockReason": TEXT, "blockedBy": TEXT, "blockedAt": TIME}
)
VISITOR = st.fixed_dictionaries(
    {"contact": CONTACT},
    optional={
        "fingerprint": FINGERPRINT, "browser": TEXT, "city": TEXT, "attribution": METADATA, "currentPage": METADATA,
        "language": st.sampled_from(["de", "en-gb"]), "latitude": st.floats(-90, 90), "longitude": st.floats(-180, 180),
        "createdAt": TIME, "updatedAt": TIME, "lastSeenAt": TIME,
    },
)  # fmt: skip


# the fixture only runs the command: each example has its own stores
@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(st.tuples(VISITOR, BLOCK), max_size=4))
def test_export_import_export_gives_the_same_bytes_whatever_the_data(
    visitors: Visitors, records: list[tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    lines = [json.dumps({"id": f"v{number}", **one, **block}) for number, (one, block) in enumerate(records)]
    lines.append('{"id": "last"}')
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        visitors(
            "import", "-", "--input-format", "ndjson", "--db", str(folder / "0.db"), input="\n".join(lines), now=NOW
        )
        for number, extension in enumerate(["csv", "tsv", "json", "ndjson.gz"]):
            before = export_to(visitors, folder / f"a.{extension}", "--db", str(folder / f"{number}.db"))
            visitors("import", str(folder / f"a.{extension}"), "--db", str(folder / f"{number + 1}.db"), now=NOW)
            after = export_to(visitors, folder / f"b.{extension}", "--db", str(folder / f"{number + 1}.db"))
            assert after == before, extension


ALL_FIELDS = ",".join(VISITOR_SHAPE.fields)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("format_", ["csv", "tsv", "ndjson", "json"])
@pytest.mark.parametrize("chosen", [[], ["--deleted"], ["--blocked"], ["--reverse", "--limit", "2"]])
def test_all_fields_and_no_choice_of_fields_are_the_same(visitors: Visitors, format_: str, chosen: list[str]) -> None:
    arguments = ("export", "--format", format_, *chosen)
    assert visitors(*arguments).stdout == visitors(*arguments, "--fields", ALL_FIELDS).stdout


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(st.tuples(VISITOR, BLOCK), max_size=4))
def test_all_fields_and_no_choice_of_fields_are_the_same_whatever_the_data(
    visitors: Visitors, records: list[tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    lines = [json.dumps({"id": f"v{number}", **one, **block}) for number, (one, block) in enumerate(records)]
    lines.append('{"id": "last"}')
    with tempfile.TemporaryDirectory() as folder:
        place = ("--db", f"{folder}/x.db")
        visitors("import", "-", "--input-format", "ndjson", *place, input="\n".join(lines), now=NOW)
        for format_ in ("csv", "tsv", "ndjson"):
            arguments = ("export", "--format", format_, *place)
            assert visitors(*arguments).stdout == visitors(*arguments, "--fields", ALL_FIELDS).stdout


@pytest.mark.parametrize("format_", ["csv", "tsv"])
def test_odd_rows_among_many_keep_their_place(visitors: Visitors, fill: Fill, format_: str) -> None:
    odd = {0: "a,b", 999: 'a"b', 1000: "a\tb", 1001: "a\nb", 1500: "a\\b", 2500: "a\rb"}
    fill(*({"id": f"v{number}", "city": odd.get(number, "Ulm")} for number in range(2501)))
    arguments = ("export", "--format", format_)
    written = visitors(*arguments).stdout
    assert written == visitors(*arguments, "--fields", ALL_FIELDS).stdout
    cities = visitors("export", "--format", "ndjson", "--fields", "id,city").lines
    assert [json.loads(cities[number])["city"] for number in odd] == list(odd.values())


@pytest.mark.parametrize("format_", ["csv", "tsv", "ndjson", "json"])
def test_every_character_is_written_as_from_a_value(visitors: Visitors, fill: Fill, format_: str) -> None:
    characters = [chr(code) for code in (*range(1, 0x100), *range(0x2000, 0x2070), 0x61C, 0xFEFF, 0x1F600)]
    fill(*(
        {"id": f"v{number}", "city": f"a{one}b", "currentPage": {f"k{one}": one}, "contact": {
            "externalId": f"p{number}", "metadata": {"k": f"a{one}b"}, "name": f"a{one}b",
        }}
        for number, one in enumerate(characters)
    ))  # fmt: skip
    arguments = ("export", "--format", format_)
    assert visitors(*arguments).stdout == visitors(*arguments, "--fields", ALL_FIELDS).stdout


@pytest.mark.parametrize("count", [0, 1, 100, 101])
def test_json_is_one_array_however_many_there_are(visitors: Visitors, fill: Fill, count: int) -> None:
    fill({"id": "w", "language": "de"}, *({"id": f"v{number}"} for number in range(count)))
    written = visitors("export", "--format", "json", "--search", "v")
    assert [one["id"] for one in written.json] == [f"v{number}" for number in range(count)]
    assert written.stdout == visitors("list", "--reverse", "--search", "v", "--format", "json").stdout


@pytest.mark.usefixtures("store")
def test_a_terminal_gets_joined_cells_made_harmless(visitors: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = visitors("export", "--format", "csv").stdout
    monkeypatch.setattr("visitors.output.output.Output.on_terminal", True)
    shown = visitors("export", "--format", "csv").stdout
    assert "\x1b" in plain
    assert "\x1b" not in shown
    assert plain.splitlines()[0] == shown.splitlines()[0]


class Terminal(io.StringIO):
    """A standard error that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_bar_shows_a_person_how_far_a_file_is(
    visitors: Visitors, fill: Fill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(*arguments: str) -> str:
        terminal = Terminal()
        monkeypatch.setattr("visitors.output.progress.sys", SimpleNamespace(stderr=terminal))
        visitors("export", "--format", "csv", *arguments)
        return terminal.getvalue()

    monkeypatch.setattr("visitors.output.exporting.SMALL_ROWS", 1000)
    monkeypatch.setenv("TERM", "xterm")
    fill(*({"id": f"v{number}"} for number in range(1500)))
    file = str(tmp_path / "x.csv")
    assert "rows/s" in shown("-o", file)
    assert "rows/s" in shown("-o", file, "--fields", "id")
    assert "rows/s" in shown("-o", file, "--after", "v0")
    assert shown("-o", file, "--limit", "999") == shown("-o", file, "--quiet") == shown() == ""


@pytest.mark.usefixtures("store")
def test_it_is_in_the_order_in_which_the_store_got_them(visitors: Visitors) -> None:
    order = ["plain", "nasty", "blocked-person", "their-other-device"]
    assert visitors("export", "--format", "ids").lines == order
    assert visitors("export", "--reverse", "--format", "ids").lines == order[::-1]
    assert visitors("export", "--sort", "id", "--format", "ids").lines == sorted(order)
    assert visitors("export", "--limit", "1", "--after", "plain", "--format", "ids").lines == ["nasty"]


@pytest.mark.usefixtures("store")
def test_standard_output_is_tsv_unless_a_format_is_given(visitors: Visitors) -> None:
    assert visitors("export").stdout == visitors("export", "--format", "tsv").stdout
    assert visitors("export", "-o", "-", "--format", "json").json[0]["id"] == "plain"
    assert visitors("export", "--fields", "id", "--language", "de").stdout == "id\nnasty\n"


@pytest.mark.usefixtures("store")
def test_tsv_is_one_line_a_record_whatever_it_holds(visitors: Visitors) -> None:
    raw = visitors("export", "--fields", "id,city,contact.name").stdout
    header, *rows = raw.removesuffix("\n").split("\n")
    assert header == "id\tcity\tcontact.name"
    assert [row.count("\t") for row in rows] == [2, 2, 2, 2]
    assert "tab\\there\\nnew\\r\\nline \\\\t \\\\N \\\\\\\\" in rows[1]


@pytest.mark.usefixtures("store")
def test_csv_is_raw_unless_it_is_to_be_safe_in_a_spreadsheet(visitors: Visitors) -> None:
    arguments = ("export", "--fields", "id,browser,latitude", "--format", "csv", "--language", "de")
    assert visitors(*arguments).stdout == "id,browser,latitude\nnasty,=cmd(),-1e-7\n"
    assert visitors(*arguments, "--spreadsheet-safe").stdout == "id,browser,latitude\nnasty,'=cmd(),-1e-7\n"
    visitors("export", "--format", "json", "--spreadsheet-safe", code=2)


@pytest.mark.usefixtures("store")
def test_a_compressed_file_holds_the_same_and_is_reproducible(visitors: Visitors, tmp_path: Path) -> None:
    plain = export_to(visitors, tmp_path / "a.csv")
    packed = export_to(visitors, tmp_path / "a.csv.gz")
    assert gzip.decompress(packed) == plain
    assert export_to(visitors, tmp_path / "b.csv.gz") == packed
    assert packed[3] == 0, "no name of a file in its header"


@pytest.mark.usefixtures("store")
def test_the_file_is_private_and_the_talk_on_standard_error(visitors: Visitors, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    answer = visitors("export", "-o", str(target))
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert answer.stdout == ""
    assert "wrote 4 visitors" in answer.stderr
    assert visitors("export", "-o", str(target), "--quiet").stderr == ""


@pytest.mark.usefixtures("store")
def test_the_file_is_written_whole_or_not_at_all(
    visitors: Visitors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out" / "x.csv"
    target.parent.mkdir()
    target.write_text("as it was")
    visitors("export", "-o", str(target), "--fields", "nonsense", code=2)
    visitors("export", "-o", str(target), "--after", "nonsense", code=3)
    monkeypatch.setattr("os.fsync", _no_space)
    failed = visitors("export", "-o", str(target), "--format", "json", code=1)
    assert "No space left" in failed.stderr
    assert target.read_text() == "as it was"
    assert [path.name for path in target.parent.iterdir()] == ["x.csv"]


def _no_space(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.usefixtures("store")
def test_where_it_cannot_write_it_says_so(visitors: Visitors, tmp_path: Path) -> None:
    for target in (tmp_path, tmp_path / "missing" / "x.csv"):
        refused = visitors("export", "-o", str(target), "--format", "csv", code=None)
        assert refused.code not in (0, 130)
        assert refused.stderr.startswith("error: ")


@pytest.mark.usefixtures("store")
def test_a_symbolic_link_is_replaced_and_what_it_points_to_stays(visitors: Visitors, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "x.csv").symlink_to(tmp_path / "precious")
    export_to(visitors, tmp_path / "x.csv")
    assert (tmp_path / "precious").read_text() == "precious"


@pytest.mark.usefixtures("anonymous")
@pytest.mark.parametrize(
    "words",
    [
        "export --format csv -o",
        "db dump -o",
        "import - --keep-going --rejects",
    ],
)
def test_a_file_that_is_named_as_a_folder_is_not_made(visitors: Visitors, tmp_path: Path, words: str) -> None:
    target = f"{tmp_path}/night/"
    refused = visitors(*words.split(), target, input="id\nv\n", code=1)
    assert f"error: folder {target} not found" in refused.stderr
    assert list(tmp_path.glob("night*")) == []


def test_the_format_of_a_file_must_be_known(visitors: Visitors, anonymous: str, tmp_path: Path) -> None:
    assert anonymous
    visitors("export", "-o", str(tmp_path / "x.xlsx"), code=2)
    visitors("export", "-o", str(tmp_path / "x.csv"), "--format", "table", code=2)
    assert list(tmp_path.glob("x.*")) == []
    assert export_to(visitors, tmp_path / "x.data", "--format", "ndjson").startswith(b"{")


def test_an_empty_export_is_a_header_and_imports(visitors: Visitors, anonymous: str, tmp_path: Path) -> None:
    visitors("delete", anonymous)
    for extension in ("csv", "tsv", "json"):
        path = tmp_path / f"x.{extension}"
        export_to(visitors, path)
        visitors("import", str(path), "--db", str(tmp_path / f"{extension}.db"))


def test_a_live_and_a_deleted_contact_that_share_an_email_stay_two_in_the_round_trip(
    visitors: Visitors, tmp_path: Path
) -> None:
    for visitor in ("first", "second"):
        visitors("create", "--id", visitor)
    visitors("contacts", "create", "--id", "A", "--email", "e@example.com")
    visitors("identify", "first", "--email", "e@example.com")
    visitors("contacts", "delete", "A")
    visitors("identify", "second", "--email", "e@example.com")
    for name in ("x.csv", "x.ndjson"):
        first = export_to(visitors, tmp_path / name)
        second_store = ("--db", str(tmp_path / f"{name}.db"))
        visitors("import", str(tmp_path / name), *second_store)
        for deleted in ((), ("--deleted",)):
            listed = visitors("contacts", "list", *deleted, "--fields", "email", *second_store)
            assert listed.lines[1:] == ["e@example.com"]
        assert export_to(visitors, tmp_path / f"again-{name}", *second_store) == first


@pytest.mark.parametrize("path", ["visitors.db", "./folder/../visitors.db", "link.db", "visitors.db-wal"])
def test_it_does_not_replace_the_store(
    visitors: Visitors, anonymous: str, store_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(store_path.parent)
    Path("folder").mkdir()
    Path("link.db").symlink_to(store_path)
    before = store_path.read_bytes()
    for absolute in (path, str(store_path.parent / path)):
        refused = visitors("export", "--format", "csv", "-o", absolute, code=2)
        assert "is the store itself" in refused.stderr
    assert store_path.read_bytes() == before
    assert Path("link.db").is_symlink()
    assert visitors("list", "--format", "ids").lines == [anonymous]


def test_it_does_not_replace_a_store_that_is_named_by_a_link(
    visitors: Visitors, anonymous: str, store_path: Path
) -> None:
    link = store_path.with_name("link.db")
    link.symlink_to(store_path)
    visitors("export", "--format", "csv", "-o", str(store_path), "--db", str(link), code=2)
    assert visitors("list", "--format", "ids").lines == [anonymous]
