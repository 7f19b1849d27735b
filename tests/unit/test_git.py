"""How git is run: with which environment, and what becomes of its failures."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dagprof import git
from dagprof.ab.revision import prefix_of, top_of
from dagprof.errors import MeasurementError, UsageError
from dagprof.measure.conditions.environment import git_state


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty repository in which no setting of the machine's git takes part."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "gitconfig").write_text(
        "[user]\nname = a\nemail = a@example.com\n[init]\ndefaultBranch = main\n"
    )
    folder = tmp_path / "repository"
    folder.mkdir()
    assert git.run(folder, "init").succeeded
    return folder


def stand_in(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program git."""
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def commit(repository: Path) -> str:
    (repository / "a.py").write_text("a = 1\n")
    assert git.run(repository, "add", "-A").succeeded
    assert git.run(repository, "commit", "-m", "a").succeeded
    return git.ask(repository, "rev-parse", "HEAD")


def test_a_failure_is_an_empty_answer_with_gits_reason(repository: Path) -> None:
    assert git.run(repository, "rev-parse", "--verify", "nowhere") == (
        False,
        "",
        "Needed a single revision",
    )
    assert git.ask(repository, "rev-parse", "--verify", "nowhere") == ""


def test_a_demand_that_fails_is_the_callers_sentence(repository: Path) -> None:
    with pytest.raises(UsageError, match=r"^Nothing here \(Needed a single revision\)\.$"):
        git.demand(repository, "rev-parse", "--verify", "nowhere", otherwise="Nothing here")
    with pytest.raises(UsageError, match=r"^Nothing here\.$"):
        git.demand(
            repository, "rev-parse", "--verify", "--quiet", "nowhere", otherwise="Nothing here"
        )


def test_a_demand_gives_what_git_writes_unchanged(repository: Path) -> None:
    assert git.demand(repository, "rev-parse", "--show-toplevel", otherwise="") == f"{repository}\n"
    assert git.ask(repository, "rev-parse", "--show-toplevel") == str(repository)


def test_names_that_are_no_utf_8_are_those_of_the_file_system(repository: Path) -> None:
    name = os.fsdecode(b"caf\xe9\r.py")
    (repository / name).write_text("")
    assert git.demand(repository, "ls-files", "--others", "-z", otherwise="") == f"{name}\0"


@pytest.mark.parametrize(
    "variable", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR"]
)
def test_the_variables_of_a_hook_name_another_repository(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    here = commit(repository)
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    assert git.ask(repository, "rev-parse", "HEAD") == here
    state = git_state(repository)
    assert state is not None
    assert (state.commit, state.is_dirty) == (here, False)


def test_settings_of_a_ci_job_stay(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as ``safe.directory``, without which git refuses a checkout of another user."""
    for name, value in {"COUNT": "1", "KEY_0": "user.name", "VALUE_0": "from the job"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    assert git.ask(repository, "config", "user.name") == "from the job"


def test_git_asks_nothing_shows_no_pager_and_speaks_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "1")
    script = 'echo "$LC_ALL $GIT_TERMINAL_PROMPT $GIT_OPTIONAL_LOCKS $*"; cat'
    stand_in(tmp_path / "bin", script, monkeypatch)
    told = git.ask(tmp_path, "status")
    assert told.startswith("C 0 0 --no-pager -c core.hooksPath=/dev/null")
    assert told.endswith(f"-C {tmp_path} status")


def test_a_command_that_hangs_is_ended_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path / "bin", "exec sleep 60", monkeypatch)
    began = time.monotonic()
    with pytest.raises(MeasurementError, match=r"^`git status` did not finish within 1 seconds\.$"):
        git.run(tmp_path, "status", limit_s=1)
    assert time.monotonic() - began < 30


def test_without_git_a_run_has_no_state_and_paths_no_prefix(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(UsageError, match=r"^--against needs git, but git is not installed\."):
        git.ask(repository, "status")
    assert git_state(repository) is None
    assert prefix_of(repository) == ""
    assert top_of(repository) == str(repository)


def test_a_file_that_cannot_be_executed_is_no_git(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "git").write_text("no program\n")
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(git.NotInstalled):
        git.run(repository, "status")


def test_a_state_that_takes_too_long_is_none(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagprof.measure.conditions.environment._GIT_LIMIT_S", 0.5)
    stand_in(
        tmp_path / "bin", 'case "$*" in *status*) exec sleep 60;; esac; echo 1234', monkeypatch
    )
    assert git_state(repository) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository to another user")
def test_a_repository_of_another_user_is_named_with_the_way_out(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(repository))
    for path in (repository, repository / ".git"):
        os.chown(path, 12345, -1)
    with pytest.raises(UsageError, match="git does not trust the repository") as caught:
        git.demand(repository, "status", otherwise="There is no repository")
    assert f"`git config --global --add safe.directory {repository}`" in str(caught.value)
    assert git_state(repository) is None


def test_advice_below_the_reason_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "printf 'warning: w\\nfatal: the reason.\\n\\n\\tgit config x\\n' >&2; exit 128"
    stand_in(tmp_path / "bin", script, monkeypatch)
    with pytest.raises(UsageError, match=r"^Failed \(the reason\)\.$"):
        git.demand(tmp_path, "status", otherwise="Failed")
