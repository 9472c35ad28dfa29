"""The examples for CI in `tests/examples/ci/`: a workflow of GitHub Actions, and hooks of pre-commit, run for real."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

import visitors
from release.building import ROOT, Distribution, install

pytestmark = pytest.mark.slow

EXAMPLES = ROOT / "tests" / "examples"
WORKFLOW = yaml.safe_load((EXAMPLES / "ci" / "github-actions.yml").read_text(encoding="utf-8"))
(JOB,) = WORKFLOW["jobs"].values()
STEPS: dict[str, dict[str, Any]] = {step["name"]: step for step in JOB["steps"] if "name" in step}


@pytest.fixture
def application(tmp_path: Path) -> Path:
    """A repository with a fixture file."""
    folder = tmp_path / "application"
    (folder / "tests" / "fixtures").mkdir(parents=True)
    shutil.copy(EXAMPLES / "fixtures" / "shop.yaml", folder / "tests" / "fixtures")
    return folder


def step(name: str, application: Path) -> subprocess.CompletedProcess[str]:
    """Run a step as the runner does: its lines in one bash, in the repository, on an installation of its own."""
    said = {key: value.replace("${{ github.workspace }}", str(application)) for key, value in JOB["env"].items()}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("VISITORS_")}
    environment = {**kept, **said, "PATH": f"{application}/python/bin:{os.environ['PATH']}"}
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name]["run"]]
    return subprocess.run(words, cwd=application, env=environment, capture_output=True, text=True, check=False)


def test_the_workflow_installs_seeds_asserts_and_leaves_a_report(distribution: Distribution, application: Path) -> None:
    (application / "vendor").mkdir()
    shutil.copy(distribution.wheel, application / "vendor")
    subprocess.run([sys.executable, "-m", "venv", application / "python"], check=True)
    for name in [name for name, one in STEPS.items() if "run" in one]:
        done = step(name, application)
        assert done.returncode == 0, f"{name}: {done.stderr}"
    report = application / STEPS["Keep the report"]["with"]["path"]
    assert {file.name for file in report.iterdir()} == {"stats.json", "languages.svg", "history.csv", "visitors.ndjson"}
    counted = json.loads((report / "stats.json").read_text(encoding="utf-8"))
    assert ("visitors", 503) in [(group["name"], group["count"]) for group in counted]
    assert len((report / "visitors.ndjson").read_text(encoding="utf-8").split("\n")) == 503 + 1
    assert (report / "languages.svg").read_text(encoding="utf-8").startswith("<svg")
    assert "fixtures apply" in (report / "history.csv").read_text(encoding="utf-8")
    # a store that is not what the files say fails the run, which still leaves the report
    visitors.open_store(application / "visitors.db").unblock("somebody")
    assert step("Assert", application).returncode == 8
    assert STEPS["Report"]["if"] == STEPS["Keep the report"]["if"] == "always()"


def test_every_action_of_the_workflow_is_pinned_to_a_version() -> None:
    actions = [one["uses"] for one in JOB["steps"] if "uses" in one]
    assert [action.partition("@")[0] for action in actions] == [
        "actions/checkout",
        "actions/setup-python",
        "actions/upload-artifact",
    ]
    assert all("@v" in action for action in actions)


TEAM = {
    "people.yaml": "version: 1\ncontacts:\n  grace: {email: grace@example.com}\n",
    "devices.yaml": "version: 1\nvisitors:\n  graces-phone: {contact: grace}\n",
}


@pytest.mark.skipif(shutil.which("git") is None, reason="pre-commit works in git repositories")
def test_the_hooks_check_fixtures_before_a_commit(distribution: Distribution, application: Path) -> None:
    home = application.parent / "hook home"
    environment = {**os.environ, "PRE_COMMIT_HOME": str(home)}
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_NAME": "tester", f"GIT_{role}_EMAIL": "tester@example.com"}

    def git(folder: Path, *words: str) -> None:
        subprocess.run(["git", "-C", folder, *words], env=environment, check=True, capture_output=True)

    def hooks() -> subprocess.CompletedProcess[str]:
        git(application, "add", "--all")
        run: list[str | Path] = [distribution.tools / "pre-commit", "run", "--all-files"]
        return subprocess.run(run, cwd=application, env=environment, capture_output=True, text=True, check=False)

    with tarfile.open(distribution.sdist) as archive:
        archive.extractall(application.parent, filter="data")
    source = application.parent / f"visitors-{visitors.__version__}"
    git(source, "init", "--quiet")
    git(source, "add", "--all")
    git(source, "commit", "--quiet", "--message", "A release")
    git(source, "tag", f"v{visitors.__version__}")

    example = (EXAMPLES / "ci" / "pre-commit-config.yaml").read_text(encoding="utf-8")
    (repository,) = yaml.safe_load(example)["repos"]
    assert repository["rev"] == f"v{visitors.__version__}"
    config = application / ".pre-commit-config.yaml"
    config.write_text(example.replace(repository["repo"], str(source)), encoding="utf-8")
    team = application / "tests" / "fixtures" / "team"
    team.mkdir()
    for name, text in TEAM.items():
        (team / name).write_text(text, encoding="utf-8")
    git(application, "init", "--quiet")
    git(application, "add", "--all")
    install(distribution.tools / "pre-commit", "install-hooks", "--config", config, env=environment, cwd=application)

    done = hooks()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Passed") == 2
    (team / "people.yaml").write_text(TEAM["people.yaml"].replace("grace:", "hopper:"), encoding="utf-8")
    shop = application / "tests" / "fixtures" / "shop.yaml"
    shop.write_text(shop.read_text(encoding="utf-8").replace("language:", "langauge:", 1), encoding="utf-8")
    done = hooks()
    assert done.returncode == 1
    assert done.stdout.count("Failed") == 2
    assert "tests/fixtures/shop.yaml\t22\t5\tunknown_key" in done.stdout
    assert "tests/fixtures/team/devices.yaml\t3\t27\tdangling_reference" in done.stdout
