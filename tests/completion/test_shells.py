"""TAB in real shells, on a real terminal: what is completed, and that hostile names have no effect."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pexpect
import pytest

from visitors.store.opening import open_store
from visitors.store.places import place_of

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "completions"
BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")
HOSTILE = ["hostile$(touch PWNED)", "hostile`touch PWNED`", "hostile;touch PWNED", "hostile' touch PWNED"]

# Each sets `-u`, loads the script, and defines `spoken`, which prints its arguments.
SET_UP = {
    "bash": [
        "bind 'set enable-bracketed-paste off'",
        "set -u",
        f"source '{FOLDER}/visitors.bash'",
        "spoken() { printf 'BEG''IN'; printf '<%s>' \"$@\"; printf 'E''ND\\n'; }",
    ],
    "zsh": [
        "LISTMAX=1000",  # beyond this it asks
        "bindkey -e; unset zle_bracketed_paste",
        "setopt nounset",
        f"fpath=('{FOLDER}' $fpath); autoload -Uz compinit; compinit -u -D",
        "spoken() { printf 'BEG''IN'; printf '<%s>' \"$@\"; printf 'E''ND\\n'; }",
    ],
    "fish": [
        f"source '{FOLDER}/visitors.fish'",
        "function spoken; printf 'BEG''IN'; printf '<%s>' $argv; printf 'E''ND\\n'; end",
    ],
}
START = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"], "fish": ["--no-config", "-i"]}


class Place(NamedTuple):
    """A working folder with a store and files, and the environment of a shell there."""

    folder: Path
    environment: dict[str, str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("completion")
    _make_store(folder / "store.db", ["alpha-1", "v:colon.1", *HOSTILE])
    _make_store(folder / "other.db", ["omega-1"])
    _make_store(folder / "many.db", [*(f"batch-1-{number:03}" for number in range(150)), "batch-2"])
    with closing(sqlite3.connect(folder / "store.db")) as connection, connection:
        stamp = "2026-03-01T20:58:11.021Z"
        connection.execute(
            "INSERT INTO contacts (id, email, created_at, updated_at, search_text)"
            " VALUES ('contact-1', 'zoe@example.org', ?, ?, 'zoe@example.org')",
            (stamp, stamp),
        )
        connection.execute(
            "INSERT INTO visitors (id, created_at, updated_at, deleted_at) VALUES ('gone-1', ?1, ?1, ?1)", (stamp,)
        )
    (folder / ".config" / "visitors").mkdir(parents=True)
    (folder / ".config" / "visitors" / "config.toml").write_text(
        f'[stores.other]\ndb = "{folder}/other.db"\n[stores.prod]\ndb = "/srv/prod.db"\n'
        """[stores."oth $(touch PWNED)"]\ndb = "/x"\n"""
    )
    work = folder / "work"
    work.mkdir()
    (work / "rows $(touch PWNED).csv").touch()
    (work / "alphabet").touch()
    (work / "--db=x`touch PWNED`").touch()
    programs = folder / "bin"
    programs.mkdir()
    # everything that a script may run, and what the hostile names would
    (programs / "visitors").symlink_to(Path(sys.executable).parent / "visitors")
    (programs / "touch").symlink_to(shutil.which("touch") or "")
    environment = {
        "PATH": str(programs),
        "HOME": str(folder),
        "TERM": "xterm",
        "LC_ALL": "C.UTF-8",
        "VISITORS_DB": str(folder / "store.db"),
    }
    return Place(work, environment)


def _make_store(path: Path, ids: list[str]) -> None:
    """Make a store with content that the program itself would refuse."""
    open_store(place_of(path)).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.executemany(
            "INSERT INTO visitors (id, created_at, updated_at) VALUES (?, '2026-03-01', '2026-03-01')",
            [(id_,) for id_ in ids],
        )


class Shell:
    """A shell on its own terminal."""

    def __init__(
        self, name: str, place: Place, start: list[str] | None = None, set_up: list[str] | None = None
    ) -> None:
        self._process: pexpect.spawn[str] = pexpect.spawn(
            shutil.which(name) or name,
            START[name] if start is None else start,
            cwd=str(place.folder),
            env=place.environment,
            encoding="utf-8",
            timeout=10,
            dimensions=(200, 250),  # it asks before showing a list that does not fit
        )
        for line in SET_UP[name] if set_up is None else set_up:
            self._process.sendline(line)
        self._process.sendline("spoken ready")
        self._process.expect("BEGIN<ready>END")

    def tab(self, typed: str) -> list[str]:
        """Return the words of the line after `typed` and TAB, as the shell itself parses them."""
        self._process.send(f"{typed}\t")
        self._process.send("\x01spoken \x05\r")
        self._process.expect("BEGIN(.*?)END")
        match = self._process.match
        assert isinstance(match, re.Match)
        return re.findall("<(.*?)>", match[1])

    def shown(self, typed: str) -> str:
        """Return the screen after `typed`, then clear the line."""
        self._process.send(f"{typed}\x03")
        self._process.sendline("spoken again")
        self._process.expect("BEGIN<again>END")
        return str(self._process.before)

    def close(self) -> None:
        self._process.close(force=True)


@pytest.fixture(scope="module", params=["bash", "zsh", "fish"])
def shell(request: pytest.FixtureRequest, place: Place) -> Iterator[Shell]:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    started = Shell(request.param, place)
    yield started
    started.close()


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("visitors sho", "visitors show"),
        ("visitors --no-color sho", "visitors --no-color show"),
        ("visitors --format json sho", "visitors --format json show"),
        ("visitors contacts sho", "visitors contacts show"),
        ("visitors contacts --no-color sho", "visitors contacts --no-color show"),
        ("visitors contacts --format json sho", "visitors contacts --format json show"),
        ("visitors contacts --form", "visitors contacts --format"),
        ("visitors contacts --format nd", "visitors contacts --format ndjson"),
        ("visitors conversations --db ../other.db start om", "visitors conversations --db ../other.db start omega-1"),
        ("visitors --form", "visitors --format"),
        ("visitors list --not-b", "visitors list --not-blocked"),
        ("visitors list --format nd", "visitors list --format ndjson"),
        ("visitors --format nd", "visitors --format ndjson"),
        ("visitors list --format=nd", "visitors list --format=ndjson"),
        ("visitors completion fi", "visitors completion fish"),
        ("visitors help inves", "visitors help investigating"),
        ("visitors help contac", "visitors help contacts"),
        ("visitors show alph", "visitors show alpha-1"),
        ("visitors show v:col", "visitors show v:colon.1"),
        ("visitors show alpha-1 v:", "visitors show alpha-1 v:colon.1"),
        ("visitors --db ../other.db show om", "visitors --db ../other.db show omega-1"),
        ("visitors show --db=../other.db om", "visitors show --db=../other.db omega-1"),
        ("visitors show --db '../other.db' om", "visitors show --db ../other.db omega-1"),
        ("visitors restore gon", "visitors restore gone-1"),
        ('visitors show "alph', "visitors show alpha-1"),
        ("visitors show 'alph", "visitors show alpha-1"),
        ('visitors show "v:col', "visitors show v:colon.1"),
        ('visitors show alpha-1 "v:', "visitors show alpha-1 v:colon.1"),
        ('visitors list --contact "cont', "visitors list --contact contact-1"),
        ('visitors list --contact="cont', "visitors list --contact=contact-1"),
        ('visitors --db "../other.db" show "om', "visitors --db ../other.db show omega-1"),
        ('visitors list --format "nd', "visitors list --format ndjson"),
        ('visitors "sho', "visitors show"),
        ("visitors --db ../many.db show ba", "visitors --db ../many.db show batch-"),
        ("visitors --store oth", "visitors --store other"),
        ("visitors list --store=pr", "visitors list --store=prod"),
        ("visitors --store other show om", "visitors --store other show omega-1"),
        ("visitors show --store=other om", "visitors show --store=other omega-1"),
        ('visitors conversations --store "other" start om', "visitors conversations --store other start omega-1"),
        ("visitors list --contact cont", "visitors list --contact contact-1"),
        ("visitors list --contact=cont", "visitors list --contact=contact-1"),
        ("visitors conversations list --visitor alph", "visitors conversations list --visitor alpha-1"),
        ("visitors list --sort lastS", "visitors list --sort lastSeenAt"),
        ("visitors contacts list --sort visitorC", "visitors contacts list --sort visitorCount"),
        ("visitors conversations list --sort=upd", "visitors conversations list --sort=updatedAt"),
        ("visitors update alpha-1 --clear screenR", "visitors update alpha-1 --clear screenResolution"),
        ("visitors identify alpha-1 --clear em", "visitors identify alpha-1 --clear email"),
        ("visitors contacts update contact-1 --clear ex", "visitors contacts update contact-1 --clear externalId"),
        ("visitors stats --by countryC", "visitors stats --by countryCode"),
        ("visitors conversations stats --by pri", "visitors conversations stats --by priority"),
        ("visitors stats --per mo", "visitors stats --per month"),
        ("visitors stats --time blo", "visitors stats --time blockedAt"),
        ("visitors conversations stats --time res", "visitors conversations stats --time resolvedAt"),
        ("visitors history --kind mess", "visitors history --kind message"),
        ("visitors identify alpha-1 --on-conflict ext", "visitors identify alpha-1 --on-conflict external-id-wins"),
        ("visitors import --on-existing sk", "visitors import --on-existing skip"),
        ("visitors import --input-format par", "visitors import --input-format parquet"),
        ("visitors import --mapping snow", "visitors import --mapping snowplow"),
        ("visitors contacts import --mapping=inter", "visitors contacts import --mapping=intercom"),
        ("visitors import --mapping alphab", "visitors import --mapping alphabet"),
    ],
)
def test_tab_completes(shell: Shell, typed: str, completed: str) -> None:
    assert shell.tab(typed) == completed.split()


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("visitors list --fields screenR", "visitors list --fields screenResolution"),
        ("visitors list --fields id,screenR", "visitors list --fields id,screenResolution"),
        ("visitors list --fields=id,os,screenR", "visitors list --fields=id,os,screenResolution"),
        ("visitors list --fields id,contact.em", "visitors list --fields id,contact.email"),
        ("visitors list --fields language,langu", "visitors list --fields language,langu"),
        ("visitors list --fields language,languages,langu", "visitors list --fields language,languages,langu"),
        ('visitors list --fields "id,screenR', "visitors list --fields id,screenResolution"),
        ("visitors --fields screenR", "visitors --fields screenResolution"),
        ("visitors contacts --fields id,visitorC", "visitors contacts --fields id,visitorCount"),
        ("visitors contacts list --fields id,visitorC", "visitors contacts list --fields id,visitorCount"),
        ("visitors conversations list --fields messageC", "visitors conversations list --fields messageCount"),
        ("visitors db info --fields journalM", "visitors db info --fields journalMode"),
        ("visitors export --redact ip,contact.ema", "visitors export --redact ip,contact.email"),
    ],
)
def test_tab_completes_each_field_between_commas(shell: Shell, typed: str, completed: str) -> None:
    # a shell may put the comma for the next one
    *words, last = shell.tab(typed)
    assert [*words, last.removesuffix(",")] == completed.split()


@pytest.mark.parametrize(
    "typed",
    [
        "visitors show hosti",
        "visitors show gon",
        "visitors show zoe",
        "visitors list --contact zoe",
        "visitors --db ../missing.db show alph",
        "visitors identify alpha-1 v:",
        "visitors list alph",
        "visitors list --search alph",
        "visitors nothing alph",
        "visitors history --by langu",
        "visitors sql --fields langu",
    ],
)
def test_tab_leaves_alone(shell: Shell, typed: str) -> None:
    assert shell.tab(typed) == typed.split()


@pytest.mark.parametrize(
    "before", ["visitors import", "visitors import --rejects", "visitors export -o", "visitors --db"]
)
def test_tab_completes_a_file_whatever_its_name(shell: Shell, before: str) -> None:
    assert shell.tab(f"{before} ro") == [*before.split(), "rows $(touch PWNED).csv"]


@pytest.mark.parametrize("typed", ["visitors show '$(touch PWNED)", "visitors --db '`touch PWNED`' show a"])
def test_what_was_typed_is_not_run(shell: Shell, place: Place, typed: str) -> None:
    closing_quote = "'" if typed.count("'") % 2 else ""
    shell.tab(typed + "\t" + closing_quote)
    assert not list(place.folder.parent.rglob("PWNED"))


def test_nothing_hostile_was_run(shell: Shell, place: Place) -> None:
    for typed in (
        "visitors show ",
        "visitors show h",
        "visitors list ",
        "visitors import ",
        "visitors --db=",
        "visitors -",
    ):
        shell.tab(f"{typed}\t")
    assert not list(place.folder.parent.rglob("PWNED"))


@pytest.mark.parametrize("quote", ['"', "'"])
def test_an_open_quote_is_completed_without_a_message(shell: Shell, quote: str) -> None:
    for typed in ("visitors show ", "visitors show alph", "visitors list --contact ", "visitors "):
        assert "rror" not in shell.shown(typed + quote + "\t\t" + quote)


def test_bash_function_answers_by_itself(place: Place) -> None:
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    code = f"""
        set -eu
        source '{FOLDER}/visitors.bash'
        ask() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _visitors; printf '%s\\n' "${{COMPREPLY[*]-}}"; }}
        ask visitors db ''
        ask visitors list --device-type ''
        ask visitors show ''
        ask visitors show -- ''
        ask visitors list ''
        ask visitors
    """
    found = subprocess.run(
        [shutil.which("bash") or "", "-c", code],
        env=place.environment,
        cwd=place.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.stderr, found.returncode) == ("", 0)
    groups, kinds, ids, after_dashes, nothing, _ = found.stdout.splitlines()
    assert {"path", "info", "migrate"} <= set(groups.split())
    assert kinds == "desktop mobile tablet unknown"
    assert ids == after_dashes == "alpha-1 v:colon.1"
    assert nothing == ""


def test_fish_answers_with_descriptions(place: Place) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")

    def ask(line: str) -> list[str]:
        code = f"source '{FOLDER}/visitors.fish'; complete -C {line!r}"
        found = subprocess.run(
            [shutil.which("fish") or "", "--no-config", "-c", code],
            env=place.environment,
            cwd=place.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stderr == ""
        return found.stdout.splitlines()

    assert ask("visitors sho") == ["show\tShow everything about a visitor"]
    assert ask("visitors show ") == ask('visitors show "') == ["alpha-1", "v:colon.1"]
    assert ask("visitors list --contact ") == ["contact-1"]
    assert ask("visitors list --device-type m") == ["mobile"]
    assert ask("visitors list --conta") == ["--contact\tDevices of this contact: id, email or ext:ID."]
    assert "--never-seen\tNever seen." in ask("visitors list --")


@pytest.fixture
def new_home(place: Place, tmp_path: Path) -> Place:
    """The same with an empty home folder."""
    home = tmp_path / "a home"
    home.mkdir()
    return Place(home, {**place.environment, "HOME": str(home)})


def install(place: Place, shell: str) -> str:
    """Install the script of a shell; returns what was said of it."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run(
        [f"{place.environment['PATH']}/visitors", "completion", shell, "--install"],
        env=place.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).is_file()
    return done.stderr


def completes(shell: Shell) -> bool:
    return shell.tab("visitors contacts list --sort visitorC")[-1] == "visitorCount"


def test_bash_completion_finds_what_was_installed(place: Place, tmp_path: Path) -> None:
    if not BASH_COMPLETION.exists():
        pytest.skip("bash-completion is not installed")
    # it takes no home folder with a blank in its name
    home = Place(tmp_path, {**place.environment, "HOME": str(tmp_path)})
    install(home, "bash")
    bind, _, _, spoken = SET_UP["bash"]
    shell = Shell("bash", home, set_up=[bind, f"source {BASH_COMPLETION}", spoken])
    assert completes(shell)
    shell.close()


def test_the_line_for_bash_without_bash_completion_does_it(new_home: Place) -> None:
    line = re.findall(r"~/.bashrc: (.*)", install(new_home, "bash"))[0]
    bind, _, _, spoken = SET_UP["bash"]
    (new_home.folder / ".bashrc").write_text(f"{line}\n{bind}\n{spoken}\n")
    shell = Shell("bash", new_home, start=["-i"], set_up=[])
    assert completes(shell)
    shell.close()


@pytest.mark.parametrize("before", ["", "autoload -Uz compinit\ncompinit -u\n"], ids=["nothing", "compinit"])
def test_the_line_for_zsh_does_it(new_home: Place, before: str) -> None:
    configuration = new_home.folder / ".zshrc"
    configuration.write_text(f"# fpath=({new_home.folder}/.local/share/zsh/site-functions)\n{before}")
    line = re.findall(r"fpath=.*", install(new_home, "zsh"))[0]
    assert ("compinit" in line) == (not before)
    configuration.write_text(f"{line}\n{before}")
    shell = Shell("zsh", new_home, start=["-i"], set_up=SET_UP["zsh"][1:3] + SET_UP["zsh"][4:])
    assert completes(shell)
    shell.close()
    assert "takes effect in new shells\n" in install(new_home, "zsh")


def test_a_running_fish_finds_what_was_installed(new_home: Place) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    shell = Shell("fish", new_home, start=["-i"], set_up=SET_UP["fish"][1:])
    install(new_home, "fish")
    assert completes(shell)
    shell.close()
