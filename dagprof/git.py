"""Runs git; no other module does.

Every command has the same environment and a time limit, asks the user nothing and runs no hook. On
failure, ``demand`` raises an error with the caller's sentence, and ``ask`` returns an empty answer.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import NamedTuple

from dagprof.errors import MeasurementError, UsageError

# Long enough to check out a large repository. A scan's own questions to git have a shorter limit.
LIMIT_S = 300.0
# Git sets these variables when it runs a hook; they name the hook's repository. dagprof names the
# repository with ``-C`` instead.
_OF_ANOTHER_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR")
_FATAL = "fatal: "
_DUBIOUS = "dubious ownership"
_FIXED = {
    # Keep git's reasons in English, because they become part of an English sentence.
    "LC_ALL": "C",
    # Take no lock on the index for commands that only read: the user's own git may be running.
    "GIT_OPTIONAL_LOCKS": "0",
    # If a partial clone has to fetch, fail at once instead of waiting for a password behind a
    # progress bar.
    "GIT_TERMINAL_PROMPT": "0",
}
_OPTIONS = (
    "--no-pager",
    # Run none of the user's hooks: they are meant for the user's own checkouts.
    "-c",
    "core.hooksPath=/dev/null",
    # Write names beyond ASCII as they are, not as octal numbers.
    "-c",
    "core.quotePath=false",
)


class NotInstalled(UsageError):
    """There is no git program."""


class Answer(NamedTuple):
    """The output of a command. If the command failed, the text is empty, and the reason is in git's
    own words, possibly empty.
    """

    succeeded: bool
    text: str
    reason: str


def run(folder: Path, *arguments: str, limit_s: float = LIMIT_S) -> Answer:
    """Run git in ``folder``. The text keeps carriage returns, which can be part of a file name.

    :raises NotInstalled: there is no git.
    :raises MeasurementError: git did not start, or did not finish within ``limit_s`` seconds.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER_REPOSITORY}
    try:
        done = subprocess.run(
            ["git", *_OPTIONS, "-C", str(folder), *arguments],
            capture_output=True,
            timeout=limit_s,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**kept, **_FIXED},
        )
    except (FileNotFoundError, PermissionError):
        raise NotInstalled(
            "--against needs git, but git is not installed. Install git, or use --baseline FILE"
            " instead."
        ) from None
    except OSError as error:
        raise MeasurementError(
            f"Cannot start git ({error.strerror}). Raise the limits on processes, open files and"
            " memory (see `ulimit -a`)."
        ) from error
    except subprocess.TimeoutExpired:
        raise MeasurementError(
            f"`git {arguments[0]}` did not finish within {limit_s:.0f} seconds."
        ) from None

    # File names may be in any encoding. Decoded like this, they equal the names that ``os.listdir``
    # gives.
    text, errors = (
        stream.decode("utf-8", "surrogateescape") for stream in (done.stdout, done.stderr)
    )
    return Answer(True, text, "") if done.returncode == 0 else Answer(False, "", _reason(errors))


def demand(folder: Path, *arguments: str, otherwise: str, advice: str = "") -> str:
    """The output of git, unchanged.

    :raises UsageError: git fails; the message is ``otherwise``, git's reason in parentheses, a full
        stop, and ``advice``. If git does not trust a repository of another user, the message says
        so.
    :raises MeasurementError: git did not start, or did not finish in time.
    """
    answer = run(folder, *arguments)
    if _DUBIOUS in answer.reason:
        raise UsageError(
            "git does not trust the repository, because another user owns the repository. Run"
            f" `git config --global --add safe.directory {_top(answer.reason)}`, or run dagprof as"
            " the owner of the repository."
        )
    if not answer.succeeded:
        reason = f" ({answer.reason})" if answer.reason else ""
        raise UsageError(f"{otherwise}{reason}. {advice}".strip())
    return answer.text


def ask(folder: Path, *arguments: str, limit_s: float = LIMIT_S) -> str:
    """The output of git without surrounding white space; empty if git fails.

    :raises NotInstalled: there is no git.
    :raises MeasurementError: git did not start, or did not finish within ``limit_s`` seconds.
    """
    return run(folder, *arguments, limit_s=limit_s).text.strip()


def _reason(text: str) -> str:
    """Git's reason: its last fatal line, because advice can follow, or else the last line."""
    lines = text.strip().splitlines()
    fatal = [line for line in lines if line.startswith(_FATAL)]
    return (fatal or lines or [""])[-1].removeprefix(_FATAL).rstrip(".")


def _top(reason: str) -> str:
    """The repository in a reason of git, which quotes it."""
    return shlex.quote(reason.partition("'")[2].rpartition("'")[0])
