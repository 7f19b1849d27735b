"""The policy of the gate: rules and their levels, limits for all or some files, and accepted
findings.

These are the tables ``gate``, ``overrides`` and ``waivers`` of ``[tool.dagprof]``. Names in those
tables are written with dashes.
"""

from __future__ import annotations

import datetime
import enum
import posixpath
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

import msgspec

from dagprof.quantities import parse_duration_ms, parse_share


class Level(str, enum.Enum):
    """The effect of a finding on the verdict: ``error`` fails, ``warning`` only reports, ``off``
    skips the check.
    """

    ERROR = "error"
    WARNING = "warning"
    OFF = "off"


class Rule(str, enum.Enum):
    """The properties that the gate checks. ``SLOWER`` and ``UNSURE`` need statistics; all other
    rules give the same result in every run.
    """

    SLOWER = "slower"
    UNSURE = "unsure"
    IMPORT_ERROR = "import-error"
    FORBIDDEN_PACKAGE = "forbidden-package"
    NEW_PACKAGE = "new-package"
    NEW_MODULES = "new-modules"
    NEW_VARIABLE = "new-variable"
    NEW_CONNECTION = "new-connection"
    NEW_DATABASE = "new-database"
    NEW_NETWORK = "new-network"
    NEW_PROCESS = "new-process"
    UNSTABLE_DAG = "unstable-dag"
    TIMEOUT = "timeout"
    BUDGET = "budget"
    PRACTICE = "practice"
    EXPIRED_WAIVER = "expired-waiver"


# One sentence per rule, for SARIF and the documentation.
DESCRIPTIONS = {
    Rule.SLOWER: "The parse time increased by more than the limits and by more than the noise.",
    Rule.UNSURE: "The gate could not find out whether the file became slower.",
    Rule.IMPORT_ERROR: "The file no longer produces all of its DAGs.",
    Rule.FORBIDDEN_PACKAGE: (
        "The parse loads a forbidden package, or DAG code imports a package that is not allowed."
    ),
    Rule.NEW_PACKAGE: "The parse loads a package that it did not load before.",
    Rule.NEW_MODULES: "The parse loads many more modules than before.",
    Rule.NEW_VARIABLE: "The parse reads an Airflow Variable that it did not read before.",
    Rule.NEW_CONNECTION: "The parse reads an Airflow Connection that it did not read before.",
    Rule.NEW_DATABASE: "The parse queries a database that it did not query before.",
    Rule.NEW_NETWORK: "The parse makes a network request that it did not make before.",
    Rule.NEW_PROCESS: "The parse starts a program that it did not start before.",
    Rule.UNSTABLE_DAG: "The serialised DAG now differs from parse to parse.",
    Rule.TIMEOUT: "The parse takes more than the allowed share of Airflow's import timeout.",
    Rule.BUDGET: "The parse takes longer than the configured budget.",
    Rule.PRACTICE: "A changed line breaks a rule of `dagprof check`.",
    Rule.EXPIRED_WAIVER: "A waiver has expired.",
}

DEFAULT_LEVELS = {
    **dict.fromkeys(Rule, Level.ERROR),
    Rule.UNSURE: Level.WARNING,
    Rule.NEW_PACKAGE: Level.WARNING,
}


class FileLimits(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """Limits that may differ from file to file. None leaves the limit to other tables.

    ``relative`` and ``absolute``: a change counts only above both. ``budget``: the maximum time of
    a parse. ``new_modules``: the maximum number of modules that a change may add.
    ``timeout_share``: the maximum share of Airflow's import timeout. ``forbid``: packages that no
    parse may load. ``allow``: the only packages that DAG code may import, besides Airflow, the
    standard library and the user's own code. ``rules``: levels by rule.
    """

    relative: str | None = None
    absolute: str | None = None
    budget: str | None = None
    new_modules: int | None = None
    timeout_share: str | None = None
    forbid: tuple[str, ...] | None = None
    allow: tuple[str, ...] | None = None
    rules: dict[Rule, Level] = {}

    def __post_init__(self) -> None:
        for share in (self.relative, self.timeout_share):
            if share is not None:
                parse_share(share)
        for duration in (self.absolute, self.budget):
            if duration is not None:
                parse_duration_ms(duration)
        if self.new_modules is not None and self.new_modules < 0:
            raise ValueError("`new-modules` must be 0 or more")


class Policy(FileLimits, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The table ``gate``: the limits of all files, and the settings of the decision.

    ``false_alarms``: the chance that a run in which nothing changed reports any regression.
    ``time_budget``: the time for one gate run in which both versions are parsed. ``sample``: the
    number of files that the gate measures if a helper or the environment changed, instead of all
    files.
    """

    relative: str | None = "5%"
    absolute: str | None = "10ms"
    new_modules: int | None = 200
    timeout_share: str | None = "50%"
    false_alarms: str = "1%"
    time_budget: str = "120s"
    sample: int = 40

    def __post_init__(self) -> None:
        super().__post_init__()
        parse_duration_ms(self.time_budget)
        if not 0 < parse_share(self.false_alarms) < 0.5:
            raise ValueError("`false-alarms` must be between 0% and 50%")
        if self.sample < 1:
            raise ValueError("`sample` must be at least 1")


class Override(FileLimits, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One entry of the table ``overrides``: other limits for the files that match a pattern of
    ``files``; see ``matches``.
    """

    files: tuple[str, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_patterns(self.files)


class Waiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One entry of the table ``waivers``, or a comment in a file: the accepted findings, the
    reason, and the last day.

    ``line`` is the line of the findings, 0 for the whole file. ``file`` is the file that contains
    the waiver itself. ``comment_line`` is the line of the waiver's comment, 0 for a table of the
    configuration.
    """

    files: tuple[str, ...]
    rule: Rule
    reason: str
    until: datetime.date
    line: int = 0
    file: str = ""
    comment_line: int = 0

    def __post_init__(self) -> None:
        _check_patterns(self.files)
        if not self.reason.strip():
            raise ValueError("a waiver needs a `reason`")
        if self.line < 0:
            raise ValueError("`line` must be at least 0 (0 means the whole file)")

    @property
    def place(self) -> str:
        """The location of the waiver: ``pyproject.toml`` or ``dags/a.py:3``."""
        return f"{self.file}:{self.comment_line}" if self.comment_line else self.file

    def has_expired(self, today: datetime.date) -> bool:
        """Whether the waiver's last day has passed."""
        return self.until < today


def today() -> datetime.date:
    """Today in UTC, so that waivers end on the same day in every time zone."""
    return datetime.datetime.now(datetime.timezone.utc).date()


def _check_patterns(patterns: Iterable[str]) -> None:
    patterns = tuple(patterns)
    if not patterns or not all(pattern.strip("/ ") for pattern in patterns):
        raise ValueError("`files` must contain at least one pattern and no empty patterns")


def limits_for(
    path: str, policy: Policy, overrides: Sequence[Override], *, folders: str = ""
) -> FileLimits:
    """The limits of one file: those of ``policy``, then those of each matching override. Later
    values win; ``rules`` merge rule by rule.

    ``path`` is relative to the bundle root. ``folders`` is the path of that root from the
    configuration file; see ``matches``. In the result, only ``budget``, ``forbid`` and ``allow``
    can be None, and ``rules`` holds every rule.
    """
    plain = Policy()
    values = {name: getattr(plain, name) for name in FileLimits.__struct_fields__}
    rules = dict(DEFAULT_LEVELS)
    for limits in (policy, *matching(path, overrides, folders=folders)):
        given = {name: getattr(limits, name) for name in values}
        values.update({name: value for name, value in given.items() if value is not None})
        rules.update(limits.rules)
    return FileLimits(**values | {"rules": rules})


def matching(
    path: str, overrides: Iterable[Override], *, folders: str = ""
) -> tuple[Override, ...]:
    """The overrides that apply to a file, in the order of the configuration."""
    return tuple(
        override for override in overrides if matches(path, override.files, folders=folders)
    )


def below(path: str, prefix: str) -> str:
    """A path relative to the bundle root, from a path relative to the repository's root. ``prefix``
    leads from the repository's root to the bundle root.
    """
    return posixpath.relpath(path, prefix) if prefix and path and not path.startswith("/") else path


def matches(path: str, patterns: Iterable[str], *, folders: str = "") -> bool:
    """Whether one of the patterns matches the file ``path``, which is relative to the bundle root
    and written with ``/``.

    A pattern is relative to the bundle root, or to the folder of the configuration file.
    ``folders`` leads from that folder to the bundle root, such as ``dags``. ``*``, ``?`` and
    ``[…]`` stay within one name; ``**`` stands for any number of folders. A pattern that is one
    name matches in every folder. The plain name of a folder stands for everything below it.
    """
    seen = {path, posixpath.normpath(posixpath.join(folders, path))}
    return any(each == pattern or _matches(each, pattern) for pattern in patterns for each in seen)


def _matches(path: str, pattern: str) -> bool:
    parts = path.split("/")
    pieces = [piece for piece in pattern.split("/") if piece not in ("", ".")]
    if "/" not in pattern.removeprefix("./").rstrip("/"):
        pieces.insert(0, "**")
    reached = {0}  # the numbers of path parts that the pattern so far can match
    for piece in pieces:
        if piece == "**":
            reached = set(range(min(reached, default=len(parts) + 1), len(parts) + 1))
        else:
            reached = {
                at + 1 for at in reached if at < len(parts) and fnmatchcase(parts[at], piece)
            }
    is_plain = pieces[-1:] != [] and re.search(r"[*?\[]", pieces[-1]) is None
    return len(parts) in reached or (is_plain and bool(reached))
