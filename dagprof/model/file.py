"""Everything known about one DAG file: how its parses ended, how long they took, what they did, what experiments showed."""

from __future__ import annotations

import enum
import re
import statistics
from collections.abc import Sequence

from dagprof.model.base import Doubt, Frozen, Place
from dagprof.model.effects import EffectKind, effect_kind
from dagprof.model.trace import Stack, Trace
from dagprof.robust import median_absolute_deviation, standard_error_of_median

_NO_MODULE = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")


class Status(str, enum.Enum):
    """How the parse of one file ended.

    ``HELD``: a process that the file started holds the parse's output, and Airflow 3 waits for it to its time-out. ``LOST``:
    Airflow 3 cannot send the DAGs from the parsing process.
    """

    OK = "ok"
    NO_DAGS = "no-dags"
    IMPORT_ERROR = "import-error"
    NEEDS_ANSWER = "needs-answer"
    TIMED_OUT = "timed-out"
    OUT_OF_MEMORY = "out-of-memory"
    KILLED = "killed"
    EXITED = "exited"
    HELD = "held"
    LOST = "lost"
    UNREADABLE = "unreadable"
    SKIPPED = "skipped"

    @property
    def is_failure(self) -> bool:
        """Whether the parse gave no DAG although it was tried; for ``NEEDS_ANSWER`` Airflow may do better."""
        return self not in (Status.OK, Status.NO_DAGS, Status.SKIPPED)

    @property
    def is_broken(self) -> bool:
        """Whether Airflow would show no DAG of this file either: it fails, and not for lack of an answer."""
        return self.is_failure and self is not Status.NEEDS_ANSWER


class Failure(Frozen, frozen=True):
    """Why a file gave no DAGs. ``traceback`` holds the user's frames only; ``cause`` is the first exception of a chain."""

    type: str
    message: str
    traceback: str = ""
    cause: str = ""
    file: str = ""
    line: int = 0

    @property
    def missing_module(self) -> str:
        """The module that could not be found, also where another exception says so; empty if that is not the reason."""
        found = _NO_MODULE.search(f"{self.type}: {self.message}") or _NO_MODULE.search(self.cause)
        return found[1] if found else ""


class Unanswered(Frozen, frozen=True):
    """What a file fails for lack of, and the user's line that asks for it.

    ``kind`` is ``variable``, ``connection`` or ``environment``.
    """

    kind: str
    key: str
    file: str
    line: int

    @property
    def noun(self) -> str:
        """What it is, in words."""
        return {"variable": "Variable", "connection": "Connection"}.get(self.kind, "the environment variable")

    @property
    def place(self) -> str:
        """The file's name and the line."""
        return f"{self.file.rpartition('/')[2]}:{self.line}"

    @property
    def way_out(self) -> str:
        """What the user can do, in one clause."""
        if self.kind == "environment":
            return f"set it ({self.key}=…), or give it with --env-file FILE"
        return f"give it with --{self.kind}s FILE"


class Output(Frozen, frozen=True):
    """What the parse wrote to one stream, redacted and cut to a limit; ``total_bytes`` counts all of it."""

    text: str = ""
    total_bytes: int = 0

    @property
    def is_cut(self) -> bool:
        """Whether more was written than is kept here."""
        return self.total_bytes > len(self.text.encode("utf-8", "replace"))


class Access(Frozen, frozen=True):
    """A Variable or Connection that was used while the file was parsed, at the user's line that led there.

    ``kind`` is ``variable``, ``connection`` or ``environment`` (a variable of the environment that is not set, where
    the file was traced); ``answered_by`` is ``environment``, ``file``, ``default``, ``stub``, ``missing`` or ``ignored``
    (a write, which holds for this parse only).
    """

    kind: str
    key: str
    operation: str
    answered_by: str
    file: str
    line: int
    count: int = 1


class Effect(Frozen, frozen=True):
    """Something that the file did while it was parsed, besides building DAGs, at the user's line that led there.

    ``kind`` is the name of an ``EffectKind``; ``what`` holds host and port, program, path or name, redacted. ``wall_us`` is the
    time of all ``count`` times together, None where only the fact is known; ``size_bytes`` counts what files hold;
    ``failed`` counts how often it ended with an error, of those whose time is known. ``threads`` is how many threads besides
    the one that parses did it; their times overlap, and what overlaps counts once.
    """

    kind: str
    what: str
    file: str
    line: int
    count: int = 1
    wall_us: int | None = None
    size_bytes: int = 0
    failed: int = 0
    threads: int = 0

    @property
    def about(self) -> EffectKind:
        """What is known of its kind."""
        return effect_kind(self.kind)


class LostDag(Frozen, frozen=True):
    """A DAG that the file created and Airflow did not find: nothing global holds it, and it was no context manager."""

    dag_id: str
    file: str = ""
    line: int = 0


# The field of an ``Instability`` that is about the DAG as a whole.
EXISTENCE = "the DAG itself"


class Instability(Frozen, frozen=True):
    """A field of a serialised DAG that differed between two parses of the same file: the place, and both values.

    The field ``EXISTENCE`` says that not every parse gave the DAG; the values are then ``there`` and ``missing``.

    ``by_seed`` says that it takes another hash seed to differ, as the order of a set does: it changes with each start of
    Python, not with each parse.
    """

    dag_id: str
    field: str
    first: str
    second: str
    by_seed: bool = False

    @property
    def is_existence(self) -> bool:
        """Whether the DAG is there in some parses only."""
        return self.field == EXISTENCE


class Need(str, enum.Enum):
    """What an experiment showed of the import statements that were taken out."""

    NOT_NEEDED = "not-needed"
    RAISES = "raises"
    CHANGES_DAGS = "changes-dags"
    UNKNOWN = "unknown"


class Experiment(Frozen, frozen=True):
    """The file parsed again without some import statements, which were taken out in memory only.

    ``need`` says whether the parse needed them and ``reason`` what did. ``saving_ms`` and ``memory_kib`` hold, round by
    round, what a plain parse took or grew more than the one without them taken right after it, scaled to the file's parse
    time without waiting for a processor: the machine's speed may have changed since. ``cautions`` names what
    the imports do that the serialised DAGs do not show; ``has_star`` says that an ``import *`` is among them.
    Of one statement that is not needed, ``used_in`` holds a place in each other file that takes its names from here, in tasks
    perhaps, and ``is_unused`` says that no source was seen to use them, ``in_hints`` that only type hints do.
    """

    without: tuple[Place, ...]
    need: Need
    reason: str = ""
    saving_ms: tuple[float, ...] = ()
    memory_kib: tuple[int, ...] = ()
    cautions: tuple[str, ...] = ()
    has_star: bool = False
    used_in: tuple[Place, ...] = ()
    is_unused: bool = False
    in_hints: bool = False

    @property
    def is_proof(self) -> bool:
        """Whether it proves a saving: the DAGs stayed the same and the difference was timed."""
        return self.need is Need.NOT_NEEDED and bool(self.saving_ms)

    @property
    def is_shorter(self) -> bool:
        """Whether the proved saving is above its noise: by more than two standard errors."""
        return self.is_proof and self.proved_ms > 2 * standard_error_of_median(self.saving_ms)

    @property
    def proved_ms(self) -> float:
        """Median saving in ms; 0.0 when nothing was timed."""
        return float(statistics.median(self.saving_ms)) if self.saving_ms else 0.0

    @property
    def spread_ms(self) -> float:
        """Median absolute deviation of the savings, in ms."""
        return median_absolute_deviation(self.saving_ms)


class Samples(Frozen, frozen=True):
    """Uninstrumented parses of one file, one column per figure, in the order they were taken.

    ``wall_ms`` is the parse time: from the start of DagBag to the end of serialisation (for the cold temperature the import
    of Airflow before it, ``airflow_ms``, is part of it). ``load_ms``, ``bag_ms``, ``serialise_ms`` and ``exit_ms`` are its
    stages; the last one is the end of the process in Airflow 3: its exit handlers, and waiting for processes that hold its output.
    ``queued_ms`` is how long the parse waited for a processor that others used, part of ``wall_ms``: the machine's doing. It is
    never so long that less than the CPU time of the thread that parses would be left.
    ``overhead_ms`` is what the measurement itself took around the parse: fork, pipes, reaping.
    """

    wall_ms: tuple[float, ...] = ()
    cpu_ms: tuple[float, ...] = ()
    children_cpu_ms: tuple[float, ...] = ()
    queued_ms: tuple[float, ...] = ()
    airflow_ms: tuple[float, ...] = ()
    load_ms: tuple[float, ...] = ()
    bag_ms: tuple[float, ...] = ()
    serialise_ms: tuple[float, ...] = ()
    exit_ms: tuple[float, ...] = ()
    dagbag_ms: tuple[float, ...] = ()
    overhead_ms: tuple[float, ...] = ()
    rss_growth_kib: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.wall_ms)

    def median(self, column: str) -> float:
        """Median of one column; 0.0 for an empty one."""
        values = getattr(self, column)
        return float(statistics.median(values)) if values else 0.0

    @property
    def own_ms(self) -> tuple[float, ...]:
        """Wall times less what each parse waited for a processor that others used."""
        return tuple(wall - queued for wall, queued in zip(self.wall_ms, self.queued_ms, strict=True))

    @property
    def spread_ms(self) -> float:
        """Median absolute deviation of the wall times, in milliseconds: the width of the noise around the median."""
        return median_absolute_deviation(self.wall_ms)


# DAG ids that are named one by one.
_NAMED_IDS = 3


def _named(dag_ids: Sequence[str]) -> str:
    """``the DAG a``, or ``the DAGs a, b and 4 more``."""
    more = f" and {len(dag_ids) - _NAMED_IDS} more" if len(dag_ids) > _NAMED_IDS else ""
    return f"the DAG{'s' if len(dag_ids) > 1 else ''} {', '.join(dag_ids[:_NAMED_IDS])}{more}"


class FileResult(Frozen, frozen=True):
    """Everything known about one DAG file. ``path`` is relative to ``Run.root``, with forward slashes."""

    path: str
    status: Status
    sha256: str = ""
    size_bytes: int = 0
    dag_ids: tuple[str, ...] = ()
    task_count: int = 0
    samples: Samples = Samples()
    trace: Trace | None = None
    stack: Stack | None = None
    accesses: tuple[Access, ...] = ()
    effects: tuple[Effect, ...] = ()
    instabilities: tuple[Instability, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    lost_dags: tuple[LostDag, ...] = ()
    failures: tuple[Failure, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()
    warnings: tuple[str, ...] = ()
    stdout: Output = Output()
    stderr: Output = Output()
    exit_code: int | None = None
    signal: int | None = None
    detail: str = ""
    doubts: tuple[Doubt, ...] = ()

    @property
    def parse_ms(self) -> float:
        """Median parse time in wall milliseconds; 0.0 when no parse was timed."""
        return self.samples.median("wall_ms")

    @property
    def own_ms(self) -> float:
        """Median parse time without waiting for a processor, in ms; 0.0 when no parse was timed."""
        return self.samples.median("own_ms")

    def has_lost_dags(self, before: FileResult) -> bool:
        """Whether it fails now and did not before, fails with fewer DAGs, or no longer defines a DAG.

        What it would do with an answer that is missing here nobody knows: that is not a loss.
        """
        if self.status is Status.NEEDS_ANSWER:
            return False
        if self.status.is_failure:
            return not before.status.is_failure or bool(self.missing_dags(before))
        return self.status is Status.NO_DAGS and before.status is Status.OK

    def missing_dags(self, before: FileResult) -> tuple[str, ...]:
        """The ids that the file gave before and does not give now; Airflow keeps the others next to an import error."""
        return tuple(dag_id for dag_id in before.dag_ids if dag_id not in self.dag_ids)

    def missing(self, before: FileResult | None = None) -> str:
        """What is wrong with the DAGs of a file that fails or lost some, to go on after its name.

        ``before`` is what the file gave earlier; only that says which DAGs are missing.
        """
        if not self.dag_ids:
            return "gives no DAGs"
        lost = self.missing_dags(before) if before is not None else ()
        if lost:
            return f"loses {_named(lost)} and keeps {_named(self.dag_ids)}"
        return f"has an import error and gives only {_named(self.dag_ids)}"

    @property
    def ended_measuring(self) -> bool:
        """Whether its parse took the processes that watch over it along: nobody saw how its own process ended."""
        return self.status is Status.KILLED and self.signal is None and self.exit_code is None

    @property
    def why_no_dags(self) -> str:
        """What kept a file from giving DAGs, in words."""
        if self.unanswered:
            return self.what_it_needs
        if self.failures:
            failure = self.failures[0]
            return f"{failure.type}: {failure.message}" if failure.type else failure.message
        nothing = "it imports without an error but defines no DAG"
        if self.lost_dags:
            lost = self.lost_dags[0]
            nothing = f"it creates DAG {lost.dag_id} at line {lost.line}, which Airflow does not find"
        return self.detail or (nothing if self.status is Status.NO_DAGS else self.status.value)

    @property
    def what_it_needs(self) -> str:
        """The answers that it fails without, where they are requested, and the option that supplies them."""
        if not self.unanswered:
            return ""
        first = self.unanswered[0]
        more = len(self.unanswered) - 1
        others = f" and {more} more" if more else ""
        name = f"{first.noun} {first.key!r}"
        return f"it needs {name}{others}, which {first.place} asks for; {first.way_out}"

    @property
    def is_timed(self) -> bool:
        """Whether there is a parse time at all (files that fail to import have one, files that were killed have not)."""
        return len(self.samples) > 0
