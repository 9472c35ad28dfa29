"""The command line as a whole: exit codes, help, version, and global options."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trials.writes import READS
from visitors import UsageProblem, __version__, open_store, registry
from visitors.cli import build

Visitors = Callable[..., Any]

COMMANDS = [entry.words for entry in registry.COMMANDS]
CHANGING = [entry.words for entry in registry.COMMANDS if entry.changes]
GROUPS = [entry.words for entry in registry.GROUPS]

EXPECTED_TYPER = os.environ.get("VISITORS_EXPECTED_TYPER")  # read before the tests' isolation removes it


def test_the_tests_run_on_the_typer_that_they_are_meant_to() -> None:
    assert EXPECTED_TYPER in (None, typer.__version__)


@pytest.fixture
def store(visitors: Visitors) -> None:
    """Visitors `a1`, which is blocked, and `a2`, which is identified."""
    visitors("create", "--id", "a1")
    visitors("create", "--id", "a2")
    visitors("block", "a1")
    visitors("identify", "a2", "--external-id", "u1")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["list"], 0),
        (["list", "--language", "de"], 0),
        (["block", "a1"], 0),
        (["unblock", "a2"], 0),
        (["identify", "a2", "--external-id", "u1"], 0),
        (["create", "--id", "a1", "--exist-ok"], 0),
        (["export", "-o", "/nowhere/visitors.csv"], 1),
        (["export", "-o", "/"], 2),
        (["list", "--fields", "nope"], 2),
        (["delete", "--anonymous"], 2),
        (["show", "nobody"], 3),
        (["import", "/nowhere/visitors.csv"], 3),
        (["create", "--id", "a1"], 4),
        (["show", "a"], 4),
        (["conversations", "start", "a1"], 4),
        (["identify", "a2", "--external-id", "u2"], 4),
        (["create", "--ip", "nowhere"], 5),
        (["list", "--db", "/nowhere/visitors.db"], 6),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
@pytest.mark.usefixtures("store")
def test_exit_codes_are_those_of_the_table(visitors_process: Visitors, words: list[str], code: int) -> None:
    result = visitors_process(*words, code=code)

    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("error: ") == (code != 0)
    if code:
        assert result.stdout == ""


def test_rows_that_were_rejected_are_exit_5(visitors: Visitors, visitors_process: Visitors, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    words = ["import", "-", "--input-format", "csv", "--keep-going", "--rejects", str(rejects)]

    result = visitors_process(*words, input="id,language\nv1,en\nv2,???\n", code=5)

    assert result.stdout == ""
    assert visitors("list", "--format", "ids").lines == ["v1"]
    assert "v2,???" in rejects.read_text()


def choices_of(option: Any) -> list[Any]:
    """Return the choices of the option, if it has any; their place changed in Typer 0.29."""
    return list(getattr(getattr(option, "type", None) or option.type_descriptor, "choices", None) or ())


def is_number(option: Any) -> bool:
    """Return whether the option takes numbers."""
    return hasattr(option.type, "min") if hasattr(option, "type") else option.min is not None


def several(option: Any) -> tuple[str, str]:
    """Return two values that the option accepts."""
    choices = choices_of(option)
    first, second = (choices * 2)[:2] if choices else ("1", "2")
    return str(getattr(first, "value", first)), str(getattr(second, "value", second))


@pytest.mark.parametrize("words", COMMANDS)
def test_no_option_of_one_value_takes_two(visitors: Visitors, store_path: Path, words: str) -> None:
    command = build(next(entry for entry in registry.COMMANDS if entry.words == words))
    for option in command.params:
        if option.param_type_name == "argument" or option.multiple or option.is_eager:
            continue
        flag = max(option.opts, key=len)
        if option.is_flag:
            if not option.secondary_opts:
                continue
            twice = [flag, max(option.secondary_opts, key=len)]
        else:
            first, second = several(option)
            if first == second:
                continue
            twice = [flag, first, flag, second]
        arguments = ["1" for one in command.params if one.param_type_name == "argument" and one.required]
        refused = visitors(*words.split(), *arguments, *twice, "--format", "json", code=2)
        assert refused.error["code"] == "usage", flag
        assert flag in refused.error["message"]
    assert not store_path.exists()


OPTIONS = [
    (entry.words, option)
    for entry in registry.COMMANDS
    for option in build(entry).params
    if option.param_type_name == "option"
    and not (option.multiple or option.is_eager or option.is_flag or choices_of(option))
]
"""Every single-valued option, with the words of its command."""
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)


# the fixture only runs the command, which is refused before it does anything
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.sampled_from(OPTIONS), more=st.data())
def test_any_option_that_is_given_twice_with_different_values_is_refused(
    visitors: Visitors,
    store_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    chosen: tuple[str, Any],
    more: st.DataObject,
) -> None:
    monkeypatch.chdir(store_path.parent)  # where it may write if it is not refused
    words, option = chosen
    values = st.integers(0, 9).map(str) if is_number(option) else TEXTS
    flags = st.sampled_from([flag for flag in option.opts if flag.startswith("--")])
    first, second = more.draw(st.lists(values, min_size=2, max_size=2, unique=True))
    twice = [f"{more.draw(flags)}={value}" for value in (first, second)]
    again = more.draw(st.sampled_from([[], twice[:1], twice[1:]]))

    refused = visitors(*words.split(), *twice, *again, code=2)

    assert " is given twice, as " in refused.stderr
    assert not store_path.exists()


REHEARSALS = {
    "identify": "a1 --email a@example.com", "unidentify": "a2", "block": "a2 --reason x", "unblock": "a1",
    "delete": "a1", "restore": "a1", "prune": "--older-than 1d", "erase": "a1", "import": "-", "undo": "",
    "contacts merge": "ext:u1 ext:u2 --force", "contacts split": "ext:u1 a2", "contacts delete": "ext:u1",
    "contacts restore": "ext:u1", "contacts erase": "ext:u1", "fixtures apply": "-", "db restore": "{backup}",
    "contacts import": "-", "conversations import": "-",
}  # fmt: skip
ROWS = {
    "import": '{"id": "v"}', "contacts import": '{"email": "q@example.com"}',
    "conversations import": '{"id": "k", "visitorId": "a1"}',
}  # fmt: skip


def test_every_dry_run_is_tried_here() -> None:
    rehearsed = {
        entry.words
        for entry in registry.COMMANDS
        if any("--dry-run" in parameter.opts for parameter in build(entry).params)
    }
    assert rehearsed == set(REHEARSALS)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("words", REHEARSALS)
def test_a_dry_run_is_distinguishable_from_a_real_one(visitors: Visitors, tmp_path: Path, words: str) -> None:
    visitors("create", "--id", "a3", now="2026-01-01T00:00:00.000Z")
    visitors("contacts", "create", "--external-id", "u2")
    visitors("db", "backup", str(tmp_path / "backup.db"))
    if words.rsplit(maxsplit=1)[-1] == "restore" and words != "db restore":
        visitors(*words.split()[:-1], "delete", *REHEARSALS[words].split())
    before = visitors("db", "dump").stdout
    arguments = REHEARSALS[words].format(backup=tmp_path / "backup.db").split()
    text = "version: 1\nvisitors: {v: }\n" if words == "fixtures apply" else ROWS.get(words, "")
    for format_ in ("json", "ndjson", "csv", "tsv", "table", "ids", "count"):
        if words in ROWS and format_ not in ("json", "ndjson"):
            continue
        given = "[]" if words in ROWS and format_ == "json" else text
        said = visitors(*words.split(), *arguments, "--dry-run", "--format", format_, input=given)
        assert said.stderr.endswith("dry run: nothing was changed\n")
        if words not in ROWS and format_ not in ("table", "ids", "count"):
            assert "would " in said.stdout, format_
    assert visitors("db", "dump").stdout == before


def test_an_option_that_is_given_twice_with_the_same_value_is_no_mistake(visitors: Visitors) -> None:
    visitors("create", "--id", "a", "--id", "a", "--exist-ok", "--exist-ok")
    assert visitors("list", "--limit", "1", "--limit=1", "--identified", "--identified", "--format", "count").lines


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("words", ["", *GROUPS, *COMMANDS])
def test_every_command_has_help(visitors: Visitors, words: str, flag: str) -> None:
    result = visitors(*words.split(), flag)

    assert result.stderr == ""
    assert result.stdout.startswith(f"Usage: visitors {words}".rstrip())
    assert "--help" in result.stdout
    assert max(map(len, result.lines)) <= 100
    if words in COMMANDS:
        assert "--format" in result.stdout


@pytest.mark.parametrize("words", ["", *GROUPS])
def test_a_group_alone_shows_its_help(visitors: Visitors, words: str) -> None:
    assert visitors(*words.split()).stdout == visitors(*words.split(), "--help").stdout


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_the_version_is_on_standard_output(visitors_process: Visitors, flag: str) -> None:
    result = visitors_process(flag)

    assert (result.stdout, result.stderr) == (f"visitors {__version__}\n", "")


def test_help_makes_no_store(visitors: Visitors, store_path: Path) -> None:
    visitors("create", "--help")
    visitors("--version")
    visitors("db", "path")

    assert not store_path.exists()


@pytest.mark.parametrize("options", [["--format", "json"], ["--format=json"], ["--format", "json", "--fields", "id"]])
@pytest.mark.usefixtures("store")
def test_global_options_may_come_before_the_command(visitors: Visitors, options: list[str]) -> None:
    assert visitors(*options, "list").stdout == visitors("list", *options).stdout
    assert isinstance(visitors(*options, "list").json, list)
    assert visitors(*options, "contacts", "list").stdout == visitors("contacts", "list", *options).stdout


@pytest.mark.usefixtures("store")
def test_the_format_may_be_written_in_capitals(visitors: Visitors) -> None:
    assert visitors("list", "--format", "JSON").stdout == visitors("list", "--format", "json").stdout
    assert visitors("show", "nobody", "--format", "JSON", code=3).error["code"] == "visitor_not_found"


def test_the_store_and_the_actor_may_stand_before_and_after(visitors: Visitors, tmp_path: Path) -> None:
    first, second = str(tmp_path / "1.db"), str(tmp_path / "2.db")
    visitors("--db", first, "--as", "ada", "create", "--id", "v1")
    visitors("create", "--id", "v2", "--db", second, "--as", "grace")

    for path, visitor, actor in ((first, "v1", "ada"), (second, "v2", "grace")):
        assert visitors("list", "--db", path, "--format", "ids").lines == [visitor]
        assert visitors("--db", path, "history", "--fields", "actor").lines == ["actor", actor]


@pytest.mark.parametrize("place", ["{} db info", "db {} info", "db info {}"])
def test_global_options_may_be_anywhere(
    visitors: Visitors, visitors_process: Visitors, tmp_path: Path, place: str
) -> None:
    other = str(tmp_path / "other.db")
    visitors("create", "--db", other)
    visitors("contacts", "create", "--email", "ada@example.org")

    def run(options: str, run: Visitors = visitors, **more: Any) -> Any:
        return run(*place.format(options).split(), **more)

    assert run(f"--db {other} --format json").json["path"] == other
    assert run("--format=ndjson").json["path"] == str(tmp_path / "visitors.db")
    assert run("--fields path").lines == ["path", str(tmp_path / "visitors.db")]
    assert run("--as ada --no-color -q").code == 0
    assert run(f"--db {tmp_path}/no.db --format json", code=6).error["code"] == "store_missing"
    for version in ("-V", "--version"):
        assert run(version, visitors_process).stdout == f"visitors {__version__}\n"
    for help_ in ("-h", "--help"):
        assert run(help_).stdout.startswith("Usage: visitors ")


@pytest.mark.parametrize("place", ["{} contacts show nobody", "contacts {} show nobody", "contacts show nobody {}"])
def test_errors_respect_options_at_any_position(visitors: Visitors, place: str) -> None:
    visitors("create")
    words = place.format("--format json -q").split()

    error = visitors(*words, code=3).error

    assert "nobody" not in error["message"]
    assert error["hint"] is None


@pytest.mark.parametrize(
    "words",
    [
        "--db a.db --db b.db db path",
        "--db a.db db --db b.db path",
        "--db a.db db path --db b.db",
        "db --db a.db path --db b.db",
        "db path --as ada --as grace",
        "--format json db path --format ids",
        "db --fields id path --fields path",
    ],
)
def test_a_global_option_has_one_value(visitors: Visitors, words: str) -> None:
    result = visitors(*words.split(), code=2)

    assert " is given twice, as " in result.stderr


def test_an_option_may_say_the_same_at_several_places(visitors: Visitors) -> None:
    options = ["--db", "a.db", "--as", "ada", "--format", "ids", "--no-color", "-q"]

    assert visitors(*options, "db", *options, "path", *options, *options).lines == [str(Path("a.db").resolve())]


def test_a_flag_comes_before_the_environment(
    visitors: Visitors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISITORS_DB", str(tmp_path / "environment.db"))
    monkeypatch.setenv("VISITORS_ACTOR", "environment")
    flag = str(tmp_path / "flag.db")
    visitors("create", "--id", "v1", "--db", flag, "--as", "flag")

    assert visitors("db", "path", "--db", flag).lines == [flag]
    assert not (tmp_path / "environment.db").exists()
    monkeypatch.setenv("VISITORS_DB", flag)
    assert visitors("history", "--fields", "actor").lines == ["actor", "flag"]


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_actor_is_a_usage_error_and_not_the_login_name(visitors: Visitors, name: str) -> None:
    assert "the name of the actor is empty" in visitors("create", "--as", name, code=2).stderr
    with pytest.raises(UsageProblem, match="actor is empty"):
        open_store(actor=name)


def test_without_settings_the_store_is_in_the_users_data_folder(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("VISITORS_DB")
    expected = tmp_path / "home" / "data" / "visitors" / "visitors.db"

    assert visitors("db", "path").stdout == f"{expected}\n"
    assert visitors("list", "--format", "count").stdout == "0\n"
    visitors("create")
    assert expected.stat().st_mode & 0o777 == 0o600
    assert expected.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_for_a_store_is_refused_with_a_file_in_it_to_paste(visitors: Visitors, tmp_path: Path) -> None:
    refused = visitors("create", "--db", f"{tmp_path}/my stores/", code=2).stderr
    assert f"hint: use --db '{tmp_path}/my stores/visitors.db'\n" in refused


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a home folder, a name, and an entry in the system's user database."""
    for name in ("HOME", "XDG_DATA_HOME", "LOGNAME", "USER", "LNAME", "USERNAME", "VISITORS_DB", "VISITORS_ACTOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    monkeypatch.setattr("pwd.getpwuid", dict[int, str]().__getitem__)


@pytest.mark.usefixtures("homeless")
@pytest.mark.parametrize("db", [(), ("--db", "~/visitors.db"), ("--db", "~")])
@pytest.mark.parametrize("command", ["create", "list", "db path", "db info"])
def test_without_a_home_folder_the_hint_is_to_name_a_store(
    visitors: Visitors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, db: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = visitors(*command.split(), *db, "--format", "json", code=6).error
    assert (refused["code"], "--db" in refused["hint"]) == ("no_home", True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("homeless")
def test_without_a_home_folder_a_store_that_is_named_will_do(visitors: Visitors, tmp_path: Path) -> None:
    db = ("--db", str(tmp_path / "x.db"))
    visitors("create", "--id", "v", *db)
    visitors("identify", "v", "--external-id", "u", *db)
    visitors("block", "--contact", "ext:u", *db)
    assert f"visitors {db[0]} {db[1]} unblock --contact" in visitors("unblock", "--all", "--yes", *db).stderr
    assert visitors("history", "--fields", "actor", "--limit", "1", *db).lines[1] == f"uid {os.getuid()}"
    visitors("fixtures", "schema")


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root may be somebody else")
def test_a_user_unknown_to_the_system_is_asked_to_name_a_store() -> None:
    def run_as_nobody(*words: str) -> subprocess.CompletedProcess[str]:
        command, environment = [sys.executable, *words], {"PATH": os.defpath}
        return subprocess.run(
            command, env=environment, user=54_321, cwd="/", capture_output=True, text=True, check=False
        )

    try:
        run_as_nobody("-c", "import visitors.main").check_returncode()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("the folder of the program is closed to others")
    done = run_as_nobody("-m", "visitors", "list")
    assert (done.returncode, done.stderr.splitlines()) == (
        6,
        [
            "error: no home folder found, and the default store is in it",
            "hint: use --db with an absolute path",
        ],
    )


def test_quiet_leaves_only_results_and_errors(visitors: Visitors) -> None:
    rows = "id\nv1\n"

    assert visitors("import", "-", "--input-format", "csv", "--quiet", input=rows).stderr == ""
    assert visitors("show", "nobody", "--quiet", code=3).stderr.startswith("error: ")


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_shows_the_version(visitors: Visitors, store_path: Path, words: str) -> None:
    assert visitors(*words.split(), "-V").stdout == f"visitors {__version__}\n"
    assert not store_path.exists()


def test_every_command_and_group_is_registered_once() -> None:
    words = COMMANDS + GROUPS

    assert sorted(words) == sorted(set(words))


def test_every_command_is_said_to_change_the_store_or_not() -> None:
    assert set(CHANGING) == set(COMMANDS) - READS - {"db backup", "db check"}


@pytest.mark.parametrize("flag", ["-y", "--yes"])
@pytest.mark.parametrize("words", CHANGING)
def test_every_command_that_changes_something_takes_yes(visitors: Visitors, words: str, flag: str) -> None:
    helped = visitors(*words.split(), flag, "--help").stdout

    assert helped.count("-y, --yes") == 1


@pytest.mark.parametrize("words", [words for words in COMMANDS if words not in CHANGING])
def test_a_command_that_changes_nothing_refuses_yes(visitors: Visitors, words: str) -> None:
    assert visitors(*words.split(), "--yes", code=2).stderr.startswith("error: no such option: --yes")


def test_yes_does_nothing_where_nothing_is_asked(visitors: Visitors) -> None:
    visitors("create", "--id", "v1", "--yes")
    visitors("update", "v1", "--city", "Oslo", "-y")
    visitors("undo", "--yes")

    assert visitors("show", "v1", "--format", "json").json["city"] is None
