"""`visitors completion --install`: where the script goes, what is said, and what is left alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Visitors = Callable[..., Any]

FILES = {
    "bash": ".local/share/bash-completion/completions/visitors",
    "zsh": ".local/share/zsh/site-functions/_visitors",
    "fish": ".config/fish/completions/visitors.fish",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "BASH_COMPLETION_USER_DIR", "ZDOTDIR", "FPATH"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.mark.parametrize("shell", FILES)
def test_it_is_where_the_shell_looks_and_goes_again(visitors: Visitors, home: Path, shell: str) -> None:
    file = home / FILES[shell]
    done = visitors("completion", shell, "--install")
    assert done.stdout == f"{file}\n"
    assert f"to remove it: visitors completion {shell} --uninstall" in done.stderr
    assert file.read_text() == visitors("completion", shell).stdout
    assert file.parent.stat().st_mode & 0o022 == 0  # zsh refuses folders that others can write to

    assert visitors("completion", shell, "--install", "--format", "json").json == {
        "outcome": "unchanged", "shell": shell, "path": str(file),
    }  # fmt: skip
    file.write_text(file.read_text() + "# an older one\n")
    assert visitors("completion", shell, "--install", "--format", "json").json["outcome"] == "updated"
    assert file.read_text() == visitors("completion", shell).stdout
    assert sorted(file.parent.iterdir()) == [file]

    assert visitors("completion", shell, "--uninstall", "--format", "json").json["outcome"] == "removed"
    assert not file.exists()
    assert visitors("completion", shell, "--uninstall", "--format", "json").json["outcome"] == "unchanged"


@pytest.mark.parametrize(
    ("shell", "variable", "value", "file"),
    [
        ("bash", "XDG_DATA_HOME", "{}/data", "data/bash-completion/completions/visitors"),
        ("bash", "BASH_COMPLETION_USER_DIR", "{}/own", "own/completions/visitors"),
        ("bash", "BASH_COMPLETION_USER_DIR", "{0}/own:{0}/other", "own/completions/visitors"),
        ("bash", "BASH_COMPLETION_USER_DIR", "relative", FILES["bash"]),
        ("zsh", "XDG_DATA_HOME", "{}/data", "data/zsh/site-functions/_visitors"),
        ("zsh", "XDG_DATA_HOME", "relative", FILES["zsh"]),
        ("fish", "XDG_CONFIG_HOME", "{}/settings", "settings/fish/completions/visitors.fish"),
        ("fish", "XDG_CONFIG_HOME", "", FILES["fish"]),
    ],
)
def test_the_folders_of_the_environment_count(
    visitors: Visitors, home: Path, monkeypatch: pytest.MonkeyPatch, shell: str, variable: str, value: str, file: str
) -> None:
    monkeypatch.setenv(variable, value.format(home))
    assert visitors("completion", shell, "--install").stdout == f"{home / file}\n"
    assert (home / file).is_file()


@pytest.mark.parametrize("option", ["--install", "--uninstall"])
@pytest.mark.parametrize("kind", ["text", "folder", "dangling link"])
def test_what_is_somebody_elses_stays(visitors: Visitors, home: Path, option: str, kind: str) -> None:
    file = home / FILES["bash"]
    file.parent.mkdir(parents=True)
    if kind == "text":
        file.write_text("complete -W 'mine' visitors\n")
    elif kind == "folder":
        file.mkdir()
    else:
        file.symlink_to(home / "nothing")
    done = visitors("completion", "bash", option, "--format", "json", code=4)
    assert done.error["code"] == "not_a_completion_script"
    assert str(file) in done.error["message"]
    assert kind != "text" or file.read_text() == "complete -W 'mine' visitors\n"
    assert os.path.lexists(file)
    assert not (home / "nothing").exists()


def test_a_link_to_a_script_stays_a_link(visitors: Visitors, home: Path) -> None:
    kept, file = home / "dotfiles" / "visitors", home / FILES["bash"]
    for one in (kept, file):
        one.parent.mkdir(parents=True)
    kept.write_text(visitors("completion", "bash").stdout + "# an older one\n")
    file.symlink_to(kept)
    visitors("completion", "bash", "--install")
    assert file.is_symlink()
    assert kept.read_text() == visitors("completion", "bash").stdout


@pytest.mark.parametrize("value", [None, "", "relative"])
def test_without_a_home_folder_it_says_what_to_do(
    visitors: Visitors, home: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is None:
        monkeypatch.delenv("HOME")
    else:
        monkeypatch.setenv("HOME", value)
    done = visitors("completion", "fish", "--install", "--format", "json", code=1)
    assert done.error["code"] == "no_folder"
    assert "visitors completion fish > FILE" in done.error["hint"]
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    visitors("completion", "fish", "--install")


def test_a_folder_that_cannot_be_written_is_one_line(visitors: Visitors, home: Path) -> None:
    (home / ".config").write_text("a file where the folder should be")
    done = visitors("completion", "fish", "--install", code=1)
    assert done.stderr.startswith(f"error: cannot write {home / FILES['fish']}: ")
    assert len(done.stderr.splitlines()) == 1


def test_installing_and_uninstalling_contradict_each_other(visitors: Visitors, home: Path) -> None:
    assert "cannot be combined" in visitors("completion", "bash", "--install", "--uninstall", code=2).stderr
    assert not list(home.iterdir())


def test_no_configuration_is_touched(visitors: Visitors, home: Path) -> None:
    for name in (".bashrc", ".zshrc", ".config/fish/config.fish"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("mine\n")
    for shell in FILES:
        visitors("completion", shell, "--install")
        visitors("completion", shell, "--uninstall")
    files = sorted(path.relative_to(home) for path in home.rglob("*") if path.is_file())
    assert files == [Path(name) for name in (".bashrc", ".config/fish/config.fish", ".zshrc")]
    assert all((home / name).read_text() == "mine\n" for name in files)


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ("", "has this line: fpath=({} $fpath); autoload -Uz compinit; compinit"),
        ("autoload compinit; compinit", "above compinit or Oh My Zsh: fpath=({} $fpath)"),
        ("source $ZSH/oh-my-zsh.sh", "above compinit or Oh My Zsh: fpath=({} $fpath)"),
        ("fpath=({} $fpath)\ncompinit", "in new shells\n"),
        ("fpath+=(~/.local/share/zsh/site-functions)", "in new shells\n"),
        ('export FPATH="$HOME/.local/share/zsh/site-functions:$FPATH"', "in new shells\n"),
        ("# fpath=({} $fpath)\n# compinit", "has this line: fpath=({} $fpath); autoload -Uz compinit; compinit"),
    ],
)
def test_zsh_is_told_of_the_folder_in_one_line(visitors: Visitors, home: Path, configuration: str, said: str) -> None:
    folder = str((home / FILES["zsh"]).parent)
    (home / ".zshrc").write_text(configuration.replace("{}", folder) + "\n")
    assert said.replace("{}", folder) in visitors("completion", "zsh", "--install").stderr


def test_no_store_is_made(visitors: Visitors, home: Path, store_path: Path) -> None:
    assert home.is_dir()
    visitors("completion", "bash", "--install")
    assert not store_path.exists()
