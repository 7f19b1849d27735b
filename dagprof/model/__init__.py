"""The vocabulary: a Run and everything inside it.

All values are frozen and carry their unit in their name: ``_ms`` milliseconds, ``_us``
microseconds, ``_s`` seconds, ``_kib`` KiB. Lists that belong together are stored as columns of
equal length, which keeps a Run of a thousand files small. ``SCHEMA_VERSION`` grows when a reader of
the older form could misread the newer one:

1. first form
2. plugins; each reason for which Airflow skips a file, with its detail
3. statuses ``needs-answer``, ``held`` and ``lost``; the answers that a file needs; failures of
   network effects; the stage ``exit_ms`` in the parse time; DAGs that exist in some parses only;
   ``project``: the settings taken from the repository, and the folders where it holds modules that
   were not found
"""

from __future__ import annotations

from dagprof.model.base import Doubt, Frozen, Place
from dagprof.model.behaviour import EXISTENCE, Access, Condition, Effect, Instability, Output
from dagprof.model.effects import EFFECT_KINDS, EffectGroup, EffectKind, effect_kind
from dagprof.model.experiments import Experiment, Need
from dagprof.model.failures import Failure, LostDag, Unanswered
from dagprof.model.file import FileResult, Status
from dagprof.model.project import Home, Project, Used
from dagprof.model.run import (
    Environment,
    Git,
    Isolation,
    Measured,
    Plugin,
    Reference,
    Run,
    SkippedFile,
    SkipReason,
    Temperature,
)
from dagprof.model.samples import Samples
from dagprof.model.trace import (
    STATEMENT,
    Edge,
    Loads,
    Module,
    Origin,
    Stack,
    Statement,
    StatementMemory,
    Trace,
)

SCHEMA_VERSION = 3

__all__ = [
    "EFFECT_KINDS",
    "EXISTENCE",
    "SCHEMA_VERSION",
    "STATEMENT",
    "Access",
    "Condition",
    "Doubt",
    "Edge",
    "Effect",
    "EffectGroup",
    "EffectKind",
    "Environment",
    "Experiment",
    "Failure",
    "FileResult",
    "Frozen",
    "Git",
    "Home",
    "Instability",
    "Isolation",
    "Loads",
    "LostDag",
    "Measured",
    "Module",
    "Need",
    "Origin",
    "Output",
    "Place",
    "Plugin",
    "Project",
    "Reference",
    "Run",
    "Samples",
    "SkipReason",
    "SkippedFile",
    "Stack",
    "Statement",
    "StatementMemory",
    "Status",
    "Temperature",
    "Trace",
    "Unanswered",
    "Used",
    "effect_kind",
]
