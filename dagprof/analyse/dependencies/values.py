"""The values of ``dagprof deps``."""

from __future__ import annotations

import enum

from dagprof.model.base import Count, Frozen, LineNumber, SignedMs


class Where(str, enum.Enum):
    """When an import runs: in each parse of a DAG file, when a task or a callback runs, or when
    Airflow loads a plugin.
    """

    PARSE = "parse"
    CALLABLE = "callable"
    PLUGIN = "plugin"


class Kind(str, enum.Enum):
    """The kind of a distribution."""

    AIRFLOW = "airflow"
    PROVIDER = "provider"
    PACKAGE = "package"


class Contained(str, enum.Enum):
    """Whether an image contains a distribution. ``UNKNOWN``: a provider of the image is not
    installed here, so its requirements are unknown.
    """

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Line(Frozen, frozen=True):
    """A line that imports something. ``file`` is relative to the DAG folder if it is near to it.

    ``files`` is the number of DAG files that reach the line. ``is_optional``: the code handles a
    failure of the import.
    """

    file: str
    line: LineNumber
    name: str
    where: Where
    files: Count = 0
    is_optional: bool = False

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}" if self.line > 0 else self.file


class Dependency(Frozen, frozen=True):
    """One distribution that DAG files import.

    ``dag_files`` is the number of DAG files that reach one of the lines. ``import_ms`` is the time
    that all DAG files together spend on importing it in one round, None if no parse was traced.
    ``size_bytes`` is None if unknown. ``is_of_airflow``: Airflow itself requires it.
    ``requirement`` is the line for a requirements file; empty if there is none.
    """

    name: str
    version: str
    kind: Kind
    lines: tuple[Line, ...]
    dag_files: Count = 0
    import_ms: SignedMs | None = None
    size_bytes: Count | None = None
    in_image: Contained = Contained.UNKNOWN
    is_of_airflow: bool = False
    is_editable: bool = False
    requirement: str = ""

    @property
    def is_optional(self) -> bool:
        """Whether the code handles a failure of each import."""
        return all(line.is_optional for line in self.lines)


class Missing(Frozen, frozen=True):
    """An imported module that is not installed. ``distribution`` usually provides the module;
    ``is_guess``: dagprof derived the name from the name of the module.
    """

    module: str
    distribution: str
    lines: tuple[Line, ...]
    is_guess: bool = True
    in_image: Contained = Contained.UNKNOWN

    @property
    def is_optional(self) -> bool:
        """Whether the code handles a failure of each import."""
        return all(line.is_optional for line in self.lines)


class Unused(Frozen, frozen=True):
    """An installed distribution that no DAG file imports, and that nothing else requires.

    ``with_bytes`` is the size together with all distributions that only it requires, and
    ``others`` their number. ``use`` says how Airflow or a DAG file may use it without an import.
    """

    name: str
    version: str
    kind: Kind
    size_bytes: Count = 0
    with_bytes: Count = 0
    others: Count = 0
    use: str = ""


class Dependencies(Frozen, frozen=True):
    """What the DAG files import, what is missing, and what nobody imports. ``notes`` are sentences
    about what the result does not cover.
    """

    airflow_version: str
    python_version: str
    imported: tuple[Dependency, ...] = ()
    missing: tuple[Missing, ...] = ()
    unused: tuple[Unused, ...] = ()
    unused_bytes: Count = 0
    unused_count: Count = 0
    installed_bytes: Count = 0
    installed_count: Count = 0
    notes: tuple[str, ...] = ()

    @property
    def needed(self) -> tuple[Dependency, ...]:
        """The distributions that an image needs beside Airflow and what Airflow requires."""
        return tuple(
            each
            for each in self.imported
            if each.kind is not Kind.AIRFLOW and not each.is_of_airflow
        )


class Reason(str, enum.Enum):
    """Why an image keeps an extra of Airflow, or leaves it out."""

    IMPORTED = "imported"
    NAMED = "named in the configuration"
    CONFIGURABLE = "Airflow may use it by configuration"
    UNUSED = "unused"


class Extra(Frozen, frozen=True):
    """One extra of Airflow in the official image. ``size_bytes`` is the size of the distributions
    that only this extra needs. ``unknown`` counts those that are not installed here.
    """

    name: str
    reason: Reason
    size_bytes: Count = 0
    unknown: Count = 0


class Customisation(Frozen, frozen=True):
    """What a customised image can leave out.

    ``left_out`` are the distributions that disappear and are installed here, ``saved_bytes`` their
    size. ``unknown`` counts distributions of unknown size. ``added`` are extras for imported
    providers beyond the official image, ``packages`` the other requirements.

    ``dropped`` and ``useful`` are installed packages beyond the official image that no DAG file
    imports. The image drops the former, and keeps the latter because of the use in brackets.
    """

    airflow_version: str
    python_version: str
    source: str
    extras: tuple[Extra, ...]
    added: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    useful: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    saved_bytes: Count = 0
    unknown: Count = 0
    cold_before_ms: float | None = None
    cold_after_ms: float | None = None
    cold_noise_ms: float = 0.0

    @property
    def kept(self) -> tuple[str, ...]:
        """The extras that the image keeps."""
        return tuple(each.name for each in self.extras if each.reason is not Reason.UNUSED)
