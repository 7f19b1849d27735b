"""What the gate demands: its rules, how bad each is, limits for all files and for some, and what was accepted.

These are the tables ``gate``, ``overrides`` and ``waivers`` of ``[tool.dagprof]``; names there are written with dashes.
"""

from __future__ import annotations

import datetime
import enum

import msgspec

from dagprof.quantities import parse_duration_ms, parse_share


class Level(str, enum.Enum):
    """What a finding means for the verdict: ``error`` fails, ``warning`` is told, ``off`` is not looked for."""

    ERROR = "error"
    WARNING = "warning"
    OFF = "off"


class Rule(str, enum.Enum):
    """What the gate looks for. ``SLOWER`` and ``UNSURE`` need statistics; all others are the same in every run."""

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
    EXPIRED_WAIVER = "expired-waiver"


# One sentence per rule, for SARIF and the documentation.
DESCRIPTIONS = {
    Rule.SLOWER: "The file takes longer to parse than before, by more than the limits and more than noise explains.",
    Rule.UNSURE: "Whether the file became slower cannot be told from the parses that there was time for.",
    Rule.IMPORT_ERROR: "The file gave DAGs before and gives none now.",
    Rule.FORBIDDEN_PACKAGE: "The parse loads a package that is forbidden, or not among those allowed.",
    Rule.NEW_PACKAGE: "The parse loads a package that it did not load before.",
    Rule.NEW_MODULES: "The parse loads many more modules than before.",
    Rule.NEW_VARIABLE: "The parse reads an Airflow Variable that it did not read before.",
    Rule.NEW_CONNECTION: "The parse reads an Airflow Connection that it did not read before.",
    Rule.NEW_DATABASE: "The parse asks a database that it did not ask before.",
    Rule.NEW_NETWORK: "The parse uses the network in a way that it did not before.",
    Rule.NEW_PROCESS: "The parse starts a program that it did not start before.",
    Rule.UNSTABLE_DAG: "The serialised DAG differs from parse to parse, and did not before.",
    Rule.TIMEOUT: "The parse comes close to Airflow's import time-out.",
    Rule.BUDGET: "The parse takes longer than its budget.",
    Rule.EXPIRED_WAIVER: "A finding was accepted until a day that has passed.",
}

DEFAULT_LEVELS = {
    **dict.fromkeys(Rule, Level.ERROR),
    Rule.UNSURE: Level.WARNING,
    Rule.NEW_PACKAGE: Level.WARNING,
}


class FileLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Limits that may differ from file to file; None leaves what is said elsewhere.

    ``relative`` and ``absolute``: a change counts only above both. ``budget``: the most a parse may take. ``new_modules``:
    the most modules that a change may add. ``timeout_share``: of Airflow's import time-out. ``forbid``: packages that no
    parse may load; ``allow``: the only packages that it may load, beside Airflow, the standard library and the user's own.
    ``rules``: levels by rule.
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


class Policy(FileLimits, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The table ``gate``: the limits of all files, and how the question is decided.

    ``false_alarms``: the chance that a run in which nothing changed reports any regression. ``time_budget``: for the timed
    parses of one gate run. ``sample``: files that are timed when the environment changed, for which all files would be due.
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
            raise ValueError("`false-alarms` must lie between 0% and 50%")
        if self.sample < 1:
            raise ValueError("`sample` must be greater than 0")


class Override(FileLimits, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One of the table ``overrides``: other limits for the files that match one of ``files``, shell patterns."""

    files: tuple[str, ...]


class Waiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One of the table ``waivers``, or a comment in a file: findings that are accepted, why, and until which day.

    ``place`` tells where it stands: ``pyproject.toml`` or ``dags/a.py:3``. ``line`` 0 stands for the whole file.
    """

    files: tuple[str, ...]
    rule: Rule
    reason: str
    until: datetime.date
    line: int = 0
    place: str = ""

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("a waiver needs a `reason`")
