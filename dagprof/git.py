"""Runs git: the only place that does.

Every command has the same environment and a time limit, asks the user nothing and runs no hook.
``demand`` turns a failure into the caller's sentence, ``ask`` into an empty answer.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

from dagprof.errors import MeasurementError, UsageError

# Long enough to check out a large repository. What a scan asks in passing has a shorter limit of
# its own.
LIMIT_S = 300.0
# Git sets these for hooks, where they name the repository that runs the hook; ``-C`` names the one
# that is meant.
_OF_ANOTHER_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR")
_FIXED = {
    # Reasons in English, because they become part of an English sentence.
    "LC_ALL": "C",
    # Commands that only read take no lock on the index: the user's own git may be at work.
    "GIT_OPTIONAL_LOCKS": "0",
    # Where a partial clone has to fetch, git fails at once instead of waiting for a password behind
    # a progress bar.
    "GIT_TERMINAL_PROMPT": "0",
}
_OPTIONS = (
    "--no-pager",
    # The user's hooks are for the user's own checkouts.
    "-c",
    "core.hooksPath=/dev/null",
    # Names beyond ASCII as they are, not as octal numbers.
    "-c",
    "core.quotePath=false",
)


class NotInstalled(UsageError):
    """There is no program git."""


class Answer(NamedTuple):
    """What a command wrote, and in git's own words why it failed; the text is empty then, and
    the reason may be.
    """

    succeeded: bool
    text: str
    reason: str


def run(folder: Path, *arguments: str, limit_s: float = LIMIT_S) -> Answer:
    """Run git in ``folder``. The text keeps carriage returns, which can be part of a file name.

    :raises NotInstalled: there is no git.
    :raises MeasurementError: it did not finish within ``limit_s`` seconds.
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
        raise NotInstalled("git is not installed; --against needs it.") from None
    except subprocess.TimeoutExpired:
        raise MeasurementError(
            f"git {arguments[0]} did not finish within {limit_s:.0f} s."
        ) from None

    # Names of files may be in any encoding; decoded like this they are the ones that ``os.listdir``
    # gives.
    text, errors = (
        stream.decode("utf-8", "surrogateescape") for stream in (done.stdout, done.stderr)
    )
    return Answer(True, text, "") if done.returncode == 0 else Answer(False, "", _last_line(errors))


def demand(folder: Path, *arguments: str, otherwise: str) -> str:
    """What git writes, unchanged.

    :raises UsageError: it fails; the message is ``otherwise`` with git's reason and a full stop.
    :raises MeasurementError: it did not finish in time.
    """
    answer = run(folder, *arguments)
    if not answer.succeeded:
        raise UsageError(f"{otherwise} ({answer.reason})." if answer.reason else f"{otherwise}.")
    return answer.text


def ask(folder: Path, *arguments: str, limit_s: float = LIMIT_S) -> str:
    """What git writes, without white space around it; empty where it fails.

    :raises NotInstalled: there is no git.
    :raises MeasurementError: it did not finish within ``limit_s`` seconds.
    """
    return run(folder, *arguments, limit_s=limit_s).text.strip()


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].removeprefix("fatal: ").rstrip(".") if lines else ""
