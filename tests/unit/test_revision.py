"""The other side of an A/B run, with real git repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import write

from dagprof import scratch
from dagprof.ab.revision import (
    changed_lines,
    difference,
    moved,
    moved_environment,
    prefix_of,
)
from dagprof.ab.worktree import checked_out, remove_stale
from dagprof.errors import MeasurementError, UsageError

STRANGE = [
    "with space.py",
    'quo"te.py',
    "back\\slash.py",
    "line\nbreak.py",
    "tab\t.py",
    "dätei.py",
    "\nfirst.py",
    "cr\r.py",
]


@pytest.fixture(autouse=True)
def own_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine's git takes part."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "gitconfig").write_text(
        "[user]\nname = a\nemail = a@example.com\n[init]\ndefaultBranch = main\n"
    )


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(folder: Path, **files: str) -> str:
    write(folder, {name.replace("__", "/") + ".py": text for name, text in files.items()})
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "a commit", "--allow-empty")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit on ``main`` with two DAG files."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    commit(folder, dags__a="one = 1\ntwo = 2\nthree = 3\nfour = 4\n", dags__b="b = 1\n")
    return folder


def changed(folder: Path, revision: str = "main") -> list[str]:
    found = difference(folder, revision)
    return [path.relative_to(found.top).as_posix() for path in found.changed]


def test_nothing_differs_from_where_one_stands(repository: Path) -> None:
    found = difference(repository / "dags", "main")
    head = git(repository, "rev-parse", "HEAD")
    assert tuple(found) == (repository, head, f"main ({head[:10]})", (), {}, False)


@pytest.mark.parametrize("name", STRANGE)
def test_a_renamed_file_is_known_by_both_names(repository: Path, name: str) -> None:
    git(repository, "mv", "dags/a.py", f"dags/{name}")
    with (repository / "dags" / name).open("a", encoding="utf-8") as file:
        file.write("five = 5\n")
    write(repository, {"dags/b.py": "b = 2\n"})
    found = difference(repository, "main")
    assert found.renamed == {repository / "dags" / name: repository / "dags" / "a.py"}
    assert set(found.changed) == {repository / "dags" / each for each in ("a.py", "b.py", name)}
    assert changed_lines(found, repository / "dags") == {name: (5,), "b.py": (1,)}


def test_files_that_were_changed_added_deleted_or_not_added_yet_differ(repository: Path) -> None:
    write(
        repository,
        {"dags/a.py": "one = 2\n", "dags/staged.py": "", "dags/untracked.py": "", "lib/x.sql": ""},
    )
    git(repository, "add", "dags/staged.py")
    (repository / "dags" / "b.py").unlink()
    assert changed(repository / "dags") == [
        "dags/a.py",
        "dags/b.py",
        "dags/staged.py",
        "dags/untracked.py",
        "lib/x.sql",
    ]


def test_a_renamed_file_differs_under_both_names(repository: Path) -> None:
    git(repository, "mv", "dags/a.py", "dags/c.py")
    commit(repository)
    assert changed(repository, "HEAD~1") == ["dags/a.py", "dags/c.py"]


def test_ignored_files_do_not_differ(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.log\n__pycache__/\n")
    write(repository, {"dags/x.log": "", "dags/__pycache__/a.pyc": ""})
    assert changed(repository) == [".gitignore"]


def test_what_only_the_other_branch_did_since_does_not_differ(repository: Path) -> None:
    parted = git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "-q", "-b", "topic")
    commit(repository, dags__mine="")
    git(repository, "checkout", "-q", "main")
    commit(repository, dags__theirs="")
    git(repository, "checkout", "-q", "topic")
    found = difference(repository, "main")
    assert found.commit == parted
    assert found.described == f"main (merge base {parted[:10]})"
    assert changed(repository) == ["dags/mine.py"]


def test_a_branch_without_a_common_commit_is_compared_as_it_is(repository: Path) -> None:
    git(repository, "checkout", "-q", "--orphan", "alone")
    commit(repository, dags__a="one = 9\n")
    found = difference(repository, "main")
    assert found.commit == git(repository, "rev-parse", "main")
    assert changed(repository) == ["dags/a.py"]


def test_a_tag_names_the_commit_behind_it(repository: Path) -> None:
    git(repository, "tag", "-a", "v1", "-m", "first")
    commit(repository, dags__c="")
    assert difference(repository, "v1").commit == git(repository, "rev-parse", "HEAD~1")


@pytest.mark.parametrize("name", STRANGE)
def test_strange_file_names_are_told_as_they_are(repository: Path, name: str) -> None:
    file = repository / "dags" / name
    file.write_text("x = 1\n")
    assert difference(repository, "main").changed == (file,)
    commit(repository)
    file.write_text("x = 1\ny = 2\n")
    assert difference(repository, "HEAD").changed == (file,)
    assert changed_lines(difference(repository, "HEAD"), repository / "dags") == {name: (2,)}


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_name_may_stand_at_the_root(repository: Path, name: str) -> None:
    (repository / name).write_text("")
    assert difference(repository, "main").changed == (repository / name,)


@pytest.mark.parametrize(
    "revision", ["nowhere", "", "main~9", "main..HEAD", "dags/a.py", "@{upstream}"]
)
def test_an_unknown_revision_is_refused(repository: Path, revision: str) -> None:
    with pytest.raises(UsageError, match=r"has no commit '.*Run `git fetch` first"):
        difference(repository, revision)


@pytest.mark.parametrize("revision", ["-1", "--all", "--output=stolen", "--upload-pack=touch"])
def test_a_revision_is_never_an_option(repository: Path, revision: str) -> None:
    with pytest.raises(UsageError, match="is not a revision"):
        difference(repository, revision)
    assert not (repository / "stolen").exists()


def test_without_a_repository_it_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError,
        match=r"^--against needs a git repository, .* \(not a git repository.*\)\. Use --baseline",
    ):
        difference(tmp_path, "main")


def test_without_a_commit_there_is_no_revision(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(UsageError, match="has no commits"):
        difference(tmp_path, "HEAD")


def test_without_git_it_says_so(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"^--against needs git, but git is not installed\."):
        difference(repository, "main")


def test_the_variables_of_a_git_hook_do_not_mislead(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A pre-push hook runs with GIT_DIR set to the repository that pushes."""
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    for name, value in {
        "GIT_DIR": other / ".git",
        "GIT_INDEX_FILE": other / ".git" / "index",
    }.items():
        monkeypatch.setenv(name, str(value))
    assert difference(repository, "main").top == repository


def worktrees(folder: Path) -> str:
    return git(folder, "worktree", "list", "--porcelain")


def test_the_commit_is_checked_out_and_nothing_stays(repository: Path, tmp_path: Path) -> None:
    before = (
        worktrees(repository),
        git(repository, "status", "--porcelain"),
        git(repository, "branch", "-a"),
    )
    (repository / "dags" / "a.py").write_text("changed\n")
    with checked_out(difference(repository, "main"), tmp_path / "tree") as tree:
        assert tree == tmp_path / "tree"
        assert (tree / "dags" / "a.py").read_text().startswith("one = 1\n")
        (tree / "dags" / "left_behind.py").touch()
        (tree / "dags" / "b.py").unlink()
        assert str(tree) in worktrees(repository)
    assert not (tmp_path / "tree").exists()
    assert (repository / "dags" / "a.py").read_text() == "changed\n"
    git(repository, "checkout", "-q", "dags/a.py")
    assert (
        worktrees(repository),
        git(repository, "status", "--porcelain"),
        git(repository, "branch", "-a"),
    ) == before


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_stays_after_an_exception(
    repository: Path, tmp_path: Path, error: type[BaseException]
) -> None:
    before = worktrees(repository)
    with pytest.raises(error), checked_out(difference(repository, "main"), tmp_path / "tree"):
        raise error
    assert worktrees(repository) == before
    assert not (tmp_path / "tree").exists()
    assert not list((repository / ".git").glob("worktrees/*"))


def test_a_folder_that_was_removed_meanwhile_is_forgotten_too(
    repository: Path, tmp_path: Path
) -> None:
    before = worktrees(repository)
    with checked_out(difference(repository, "main"), tmp_path / "tree") as tree:
        tree.rename(tmp_path / "elsewhere")
    assert worktrees(repository) == before


def test_worktrees_of_the_user_stay_even_where_their_disk_is_away(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "worktree", "add", "-q", "-b", "mine", str(tmp_path / "mine"))
    (tmp_path / "mine").rename(tmp_path / "away")
    with checked_out(difference(repository, "main"), tmp_path / "tree"):
        pass
    (tmp_path / "away").rename(tmp_path / "mine")
    assert git(tmp_path / "mine", "branch", "--show-current") == "mine"


def test_a_place_that_is_taken_is_left_alone(repository: Path, tmp_path: Path) -> None:
    write(tmp_path / "tree", {"precious.txt": "mine"})
    with (
        pytest.raises(MeasurementError, match="git cannot check out main"),
        checked_out(difference(repository, "main"), tmp_path / "tree"),
    ):
        pass
    assert (tmp_path / "tree" / "precious.txt").exists()


@pytest.mark.parametrize("where", ["standard", "configured"])
def test_hooks_do_not_run(repository: Path, tmp_path: Path, where: str) -> None:
    hooks = repository / ".git" / "hooks" if where == "standard" else tmp_path / "hooks"
    if where == "configured":
        git(repository, "config", "core.hooksPath", str(hooks))
    hooks.mkdir(exist_ok=True)
    hook = hooks / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    hook.chmod(0o755)
    git(repository, "checkout", "-q", "-b", "other")
    assert (tmp_path / "ran").exists()  # it would
    (tmp_path / "ran").unlink()
    with checked_out(difference(repository, "main"), tmp_path / "tree"):
        pass
    assert not (tmp_path / "ran").exists()


def killed_run(repository: Path, place: Path, *, is_complete: bool = True) -> Path:
    """What a run leaves that is killed with its worktree checked out, or half checked out."""
    tree = place / "dagprof-base-0a1b2c3d" / "dagprof-base-0a1b2c3d"
    tree.parent.mkdir(parents=True)
    (tree.parent / scratch.MARK).touch()
    git(repository, "worktree", "add", "-q", "--detach", str(tree))
    (repository / ".git" / f"{tree.name}.lock").touch()
    if not is_complete:
        (tree / ".git").unlink()
        (repository / ".git" / "worktrees" / tree.name / "locked").write_text("initializing")
    return tree


@pytest.mark.parametrize("is_complete", [True, False])
def test_the_worktree_of_a_killed_run_is_removed_by_the_next_one(
    repository: Path, tmp_path: Path, is_complete: bool
) -> None:
    before = sorted((repository / ".git").rglob("*"))
    tree = killed_run(repository, tmp_path / "tmp", is_complete=is_complete)
    remove_stale(repository)
    assert not tree.parent.exists()
    assert sorted((repository / ".git").rglob("*")) == before


def test_the_note_of_a_worktree_that_is_gone_is_removed_too(
    repository: Path, tmp_path: Path
) -> None:
    """The folder of temporary files was emptied, or was that of a container."""
    before = worktrees(repository)
    shutil.rmtree(killed_run(repository, tmp_path / "tmp").parent)
    remove_stale(repository)
    assert worktrees(repository) == before
    assert not list((repository / ".git").glob("dagprof-*"))


@pytest.mark.parametrize("is_visible", [True, False])
def test_the_worktree_of_a_living_run_stays(
    repository: Path, tmp_path: Path, is_visible: bool
) -> None:
    """Also where its files are not visible here: the lock is in the repository."""
    tree = tmp_path / "tmp" / "dagprof-base-0a1b2c3d" / "dagprof-base-0a1b2c3d"
    tree.parent.mkdir(parents=True)
    code = """
import sys
from pathlib import Path
from dagprof.ab.revision import difference
from dagprof.ab.worktree import checked_out, remove_stale
with checked_out(difference(Path(sys.argv[1]), "main"), Path(sys.argv[2])):
    print("ready", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(repository), str(tree)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        if not is_visible:
            tree.parent.rename(tmp_path / "elsewhere")
        remove_stale(repository)
        assert str(tree) in worktrees(repository)
        if not is_visible:
            (tmp_path / "elsewhere").rename(tree.parent)
        assert (tree / "dags" / "a.py").exists()
    assert str(tree) not in worktrees(repository)
    assert not list((repository / ".git").glob("dagprof-*"))


def test_worktrees_of_the_user_are_never_stale(repository: Path, tmp_path: Path) -> None:
    places = [tmp_path / "mine", tmp_path / "dagprof-base-0a1b2c3d"]
    for place in places:
        git(repository, "worktree", "add", "-q", "--detach", str(place))
        (place / "mine.txt").touch()
    (repository / ".git" / "index.lock").touch()
    remove_stale(repository)
    assert all((place / "mine.txt").exists() for place in places)
    assert (repository / ".git" / "index.lock").exists()


def test_a_shallow_clone_without_the_common_commit_is_known(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "checkout", "-q", "-b", "feature")
    commit(repository, dags__b="b = 2\n")
    git(repository, "checkout", "-q", "main")
    ahead = commit(repository, dags__a="one = 2\n")
    clone = tmp_path / "clone"
    git(
        tmp_path, "clone", "-q", "--depth=1", "--branch=feature", f"file://{repository}", str(clone)
    )
    git(clone, "fetch", "-q", "--depth=1", "origin", "main:refs/remotes/origin/main")
    found = difference(clone, "origin/main")
    assert (found.commit, found.lacks_history) == (ahead, True)
    git(clone, "fetch", "-q", "--unshallow")
    git(clone, "fetch", "-q", "origin", "main:refs/remotes/origin/main")
    found = difference(clone, "origin/main")
    assert found.commit != ahead
    assert not found.lacks_history


def lines(repository: Path, root: str = "dags") -> dict[str, tuple[int, ...]]:
    return changed_lines(difference(repository, "main"), repository / root)


def test_comments_and_empty_lines_change_nothing(repository: Path) -> None:
    write(repository, {"dags/b.py": "# a comment\n\nb = 1\n\n    # another\nc = 2\n"})
    assert changed_lines(difference(repository, "main"), repository / "dags") == {"b.py": (6,)}


def test_changed_lines_are_those_of_the_working_tree(repository: Path) -> None:
    write(
        repository,
        {"dags/a.py": "zero = 0\none = 1\ntwo = 2\nthree = 33\nfour = 4\nfive = 5\nsix = 6\n"},
    )
    assert lines(repository) == {"a.py": (1, 4, 6, 7)}


def test_a_deleted_line_is_told_by_the_line_before_it(repository: Path) -> None:
    write(repository, {"dags/a.py": "two = 2\nthree = 3\n", "dags/b.py": ""})
    assert lines(repository) == {"a.py": (1, 2), "b.py": (1,)}


def test_a_deleted_file_has_no_lines_and_a_new_one_has_all(repository: Path) -> None:
    (repository / "dags" / "a.py").unlink()
    write(repository, {"dags/c.py": "x = 1\ny = 2"})
    git(repository, "add", "-A")
    assert lines(repository) == {"c.py": (1, 2)}


def test_lines_are_relative_to_the_bundle_root_and_others_left_out(repository: Path) -> None:
    write(
        repository,
        {
            "dags/a.py": "one = 9\ntwo = 2\nthree = 3\nfour = 4\n",
            "dags/team/x.py": "",
            "other.py": "",
        },
    )
    git(repository, "add", "-A")
    assert lines(repository) == {"a.py": (1,)}
    assert lines(repository, ".") == {"dags/a.py": (1,)}


def test_content_that_looks_like_a_header_is_content(repository: Path) -> None:
    write(
        repository,
        {"dags/a.py": "one = 1\n++ b/dags/b.py\n@@ -1 +9 @@\ntwo = 2\nthree = 3\nfour = 44\n"},
    )
    assert lines(repository) == {"a.py": (2, 3, 6)}


def test_characters_that_end_lines_elsewhere_do_not_here(repository: Path) -> None:
    text = "one = '\x0c \x85 \u2028 \r'\n+++ x\n@@ -1 +1,7 @@\ntwo = 2\nthree = 3\nfour = 4\n"
    (repository / "dags" / "a.py").write_bytes(text.encode())
    assert lines(repository) == {"a.py": (1, 2, 3)}


@pytest.mark.parametrize(
    "setting",
    [
        "diff.noprefix=true",
        "diff.mnemonicPrefix=true",
        "color.diff=always",
        "diff.external=false",
        "core.quotePath=true",
        "diff.renames=copies",
        "diff.context=9",
        "diff.relative=true",
    ],
)
def test_settings_of_the_users_git_change_nothing(repository: Path, setting: str) -> None:
    name, _, value = setting.partition("=")
    git(repository, "config", name, value)
    write(repository, {"dags/a.py": "one = 1\ntwo = 2\nthree = 33\nfour = 4\n"})
    assert changed(repository) == ["dags/a.py"]
    assert lines(repository) == {"a.py": (3,)}


def test_what_leads_from_the_repository_to_a_folder(repository: Path, tmp_path: Path) -> None:
    assert prefix_of(repository) == ""
    assert prefix_of(repository / "dags") == "dags/"
    assert prefix_of(tmp_path) == ""
    (tmp_path / "link").symlink_to(repository / "dags")
    assert prefix_of(tmp_path / "link") == "dags/"


def test_paths_in_the_repository_move_and_others_stay(tmp_path: Path) -> None:
    top, tree = tmp_path / "top", tmp_path / "tree"
    (top / "dags").mkdir(parents=True)
    (tmp_path / "link").symlink_to(top)
    assert moved(top, top, tree) == tree
    assert moved(top / "dags" / "a.py", top, tree) == tree / "dags" / "a.py"
    assert moved(tmp_path / "link" / "dags", top, tree) == tree / "dags"
    assert moved(tmp_path / "topmost", top, tree) == tmp_path / "topmost"
    assert moved(tmp_path / "other", top, tree) == tmp_path / "other"


def test_the_environment_points_into_the_other_checkout(tmp_path: Path) -> None:
    top, tree = tmp_path / "top", tmp_path / "tree"
    inside, outside = str(top / "lib"), str(tmp_path / "lib")
    environment = {
        "PYTHONPATH": os.pathsep.join([inside, outside, ""]),
        "AIRFLOW_HOME": str(top),
        "AIRFLOW__CORE__PLUGINS_FOLDER": inside,
        "AIRFLOW__CORE__PARALLELISM": "32",
        "AIRFLOW_CONFIG": outside,
        "HOME": str(top),
    }
    assert moved_environment(environment, top, tree) == {
        **environment,
        "PYTHONPATH": os.pathsep.join([str(tree / "lib"), outside, ""]),
        "AIRFLOW_HOME": str(tree),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(tree / "lib"),
    }


def test_a_relative_python_path_moves_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "top").mkdir()
    monkeypatch.chdir(tmp_path / "top")
    assert moved_environment({"PYTHONPATH": "lib"}, tmp_path / "top", tmp_path / "tree") == {
        "PYTHONPATH": str(tmp_path / "tree" / "lib")
    }


def test_a_revision_that_leaves_commits_out_is_none(repository: Path) -> None:
    with pytest.raises(UsageError, match=r"'\^HEAD' is no"):
        difference(repository, "^HEAD")
