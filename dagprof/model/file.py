"""One DAG file: the result of its parses, and all other data about the file."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from dagprof.model.base import Count, Doubt, Frozen, Ms, Whole
from dagprof.model.behaviour import Access, Effect, Instability, LookupTrial, Output
from dagprof.model.deployment.schedules import DagSchedule, TaskStart
from dagprof.model.deployment.serialised import SecretField
from dagprof.model.experiments import Experiment
from dagprof.model.failures import Failure, LostDag, Unanswered
from dagprof.model.samples import Samples
from dagprof.model.trace import Stack, Trace


class Status(str, enum.Enum):
    """The result of the parse of one file.

    ``HELD`` means that a process of the file keeps the output of the parse open, and that Airflow 3
    waits for this process until a timeout. ``LOST`` means that Airflow 3 cannot send the DAGs from
    the parsing process.
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
        """Whether the parse ran and produced no DAG. In Airflow, a file with the status
        ``NEEDS_ANSWER`` may still produce DAGs.
        """
        return self not in (Status.OK, Status.NO_DAGS, Status.SKIPPED)

    @property
    def is_broken(self) -> bool:
        """Whether the file is broken. Airflow would also find no DAGs in the file. A file that only
        lacks a value is not broken.
        """
        return self.is_failure and self is not Status.NEEDS_ANSWER


# The most DAG ids that a message names one by one.
_NAMED_IDS = 3


def _named(dag_ids: Sequence[str]) -> str:
    """``the DAG a``, or ``the DAGs a, b and 4 more``."""
    more = f" and {len(dag_ids) - _NAMED_IDS} more" if len(dag_ids) > _NAMED_IDS else ""
    return f"the DAG{'s' if len(dag_ids) > 1 else ''} {', '.join(dag_ids[:_NAMED_IDS])}{more}"


class FileResult(Frozen, frozen=True):
    """All data about one DAG file. ``path`` is relative to ``Run.root``, with forward slashes.

    ``composed_ms`` is the part of the parse time that comes from a shared layer. ``composed_ms`` is
    0.0 if dagprof measured the whole parse time in this file. ``schedules`` has one row for each
    DAG. ``starts`` has the measured task starts, of some DAGs of the file. ``secret_fields`` are
    fields of the serialised DAGs. ``is_examined`` says that dagprof looked for such fields.
    """

    path: str
    status: Status
    sha256: str = ""
    size_bytes: Count = 0
    dag_ids: tuple[str, ...] = ()
    task_count: Count = 0
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
    lookup_trials: tuple[LookupTrial, ...] = ()
    warnings: tuple[str, ...] = ()
    stdout: Output = Output()
    stderr: Output = Output()
    exit_code: Whole | None = None
    signal: Whole | None = None
    detail: str = ""
    doubts: tuple[Doubt, ...] = ()
    composed_ms: Ms = 0.0
    schedules: tuple[DagSchedule, ...] = ()
    starts: tuple[TaskStart, ...] = ()
    secret_fields: tuple[SecretField, ...] = ()
    is_examined: bool = False

    @property
    def parse_ms(self) -> float:
        """The median parse time (wall time) in ms. 0.0 if no parse was timed."""
        return self.samples.median("wall_ms")

    @property
    def own_ms(self) -> float:
        """The median parse time in ms, without the time that parses waited for a CPU. 0.0 if no
        parse was timed.
        """
        return self.samples.median("own_ms")

    def has_lost_dags(self, before: FileResult) -> bool:
        """Whether the file now fails, fails with fewer DAGs, or no longer defines a DAG.

        A file that lacks a value has not lost DAGs, because the result with the value is unknown.
        """
        if self.status is Status.NEEDS_ANSWER:
            return False
        if self.status.is_failure:
            return not before.status.is_failure or bool(self.missing_dags(before))
        return self.status is Status.NO_DAGS and before.status is Status.OK

    def missing_dags(self, before: FileResult) -> tuple[str, ...]:
        """The ids of the DAGs that the file produced before and no longer produces. In Airflow, a
        file with an import error can still produce some DAGs.
        """
        return tuple(dag_id for dag_id in before.dag_ids if dag_id not in self.dag_ids)

    def missing(self, before: FileResult | None = None) -> str:
        """A phrase about the missing DAGs, which follows the name of the file.

        ``before`` is the earlier result of the file. Without ``before``, the missing DAGs are
        unknown.
        """
        if not self.dag_ids:
            return "produces no DAGs"
        lost = self.missing_dags(before) if before is not None else ()
        if lost:
            return f"no longer produces {_named(lost)} and still produces {_named(self.dag_ids)}"
        return f"has an import error and produces only {_named(self.dag_ids)}"

    @property
    def ended_measuring(self) -> bool:
        """Whether the parse also ended the processes that watch the parse. The end of the parsing
        process is then unknown.
        """
        return self.status is Status.KILLED and self.signal is None and self.exit_code is None

    @property
    def why_no_dags(self) -> str:
        """The reason why a file produced no DAGs, in words."""
        if self.unanswered:
            return self.what_it_needs
        if self.failures:
            failure = self.failures[0]
            return f"{failure.type}: {failure.message}" if failure.type else failure.message
        nothing = "the file loads without errors but defines no DAG"
        if self.lost_dags:
            lost = self.lost_dags[0]
            nothing = f"Airflow does not find DAG {lost.dag_id}, which line {lost.line} creates"
        return self.detail or (nothing if self.status is Status.NO_DAGS else self.status.value)

    @property
    def needed_answers(self) -> str:
        """The missing values without which the file fails, the place that reads the first value,
        and the option that supplies the value.
        """
        if not self.unanswered:
            return ""
        first = self.unanswered[0]
        more = len(self.unanswered) - 1
        others = f" and {more} more value{'s' if more > 1 else ''}" if more else ""
        way_out = f"{first.way_out[:1].upper()}{first.way_out[1:]}"
        return f"{first.noun} {first.key!r}{others} (read at {first.place}). {way_out}"

    @property
    def what_it_needs(self) -> str:
        """The missing values as a clause: ``the file needs Variable 'a' …``. Empty if no value is
        missing.
        """
        return f"the file needs {self.needed_answers}" if self.unanswered else ""

    @property
    def is_timed(self) -> bool:
        """Whether the file has a parse time. A file with an import error has a parse time. A file
        whose parse was killed has no parse time.
        """
        return len(self.samples) > 0
