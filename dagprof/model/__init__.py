"""The data model: a Run and its content.

All values are immutable. The name of a number contains its unit: ``_ms`` milliseconds, ``_us``
microseconds, ``_s`` seconds, ``_kib`` KiB. Lists that belong together are stored as columns of
equal length, so a Run of a thousand files stays small. ``SCHEMA_VERSION`` increases when a reader
of an older version could misread a newer file:

1. The first version.
2. Plugins. The reason why Airflow skips a file, with the detail of the reason.
3. The statuses ``needs-answer``, ``held`` and ``lost``. The missing values of a file. Failures of
   network effects. The stage ``exit_ms`` in the parse time. DAGs that exist only in some parses.
   ``project``: the settings from the project files, and the folders in which the project contains
   missing modules.
"""

from __future__ import annotations

from dagprof.model.base import COMPOSED, Doubt, Frozen, Place
from dagprof.model.behaviour import (
    EXISTENCE,
    LOOKUP_KINDS,
    Access,
    Condition,
    Effect,
    Instability,
    LookupOutcome,
    LookupPrices,
    LookupTrial,
    Output,
    Price,
    PriceSource,
)
from dagprof.model.deployment.production import Production, ProductionFile, ProductionSource
from dagprof.model.deployment.schedules import DagSchedule, ScheduleKind, StartKind, TaskStart
from dagprof.model.deployment.serialised import SecretField
from dagprof.model.effects import EFFECT_KINDS, EffectGroup, EffectKind, effect_kind
from dagprof.model.experiments import Experiment, Need
from dagprof.model.failures import Failure, LostDag, Unanswered
from dagprof.model.file import FileResult, Status
from dagprof.model.preloading import PreloadedFile, PreloadedPackage, Preloading
from dagprof.model.project import Home, Project, Used
from dagprof.model.run import (
    Composed,
    Environment,
    Git,
    Isolation,
    Layers,
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
    HelperStatements,
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
    "COMPOSED",
    "EFFECT_KINDS",
    "EXISTENCE",
    "LOOKUP_KINDS",
    "SCHEMA_VERSION",
    "STATEMENT",
    "Access",
    "Composed",
    "Condition",
    "DagSchedule",
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
    "HelperStatements",
    "Home",
    "Instability",
    "Isolation",
    "Layers",
    "Loads",
    "LookupOutcome",
    "LookupPrices",
    "LookupTrial",
    "LostDag",
    "Measured",
    "Module",
    "Need",
    "Origin",
    "Output",
    "Place",
    "Plugin",
    "PreloadedFile",
    "PreloadedPackage",
    "Preloading",
    "Price",
    "PriceSource",
    "Production",
    "ProductionFile",
    "ProductionSource",
    "Project",
    "Reference",
    "Run",
    "Samples",
    "ScheduleKind",
    "SecretField",
    "SkipReason",
    "SkippedFile",
    "Stack",
    "StartKind",
    "Statement",
    "StatementMemory",
    "Status",
    "TaskStart",
    "Temperature",
    "Trace",
    "Unanswered",
    "Used",
    "effect_kind",
]
