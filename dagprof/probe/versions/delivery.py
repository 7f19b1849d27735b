"""How the DAG processor's parsing child is set up, delivers its DAGs and ends, by version of
Airflow.

This code follows the sources of 2.7.3, 2.9.3, 2.11.2, 3.0.6 and 3.3.2, like ``airflow_api``.

Airflow 3 connects the child's descriptors 0, 1 and 2 with sockets. The child sends one msgpack
frame with all DAGs and import errors over descriptor 0. It then runs the exit handlers that were
registered in it, and leaves. The manager takes the result once the child has ended *and* no process
holds one of these sockets any more. Until then the parse goes on. A message that cannot be encoded
ends the child, and Airflow stores no DAG and no import error.

Airflow 2 writes the DAGs into the database from the child itself, a process of multiprocessing. The
child's standard input is empty, and nobody waits for its output. Exit handlers do not run, but the
child waits for its own threads and processes.
"""

from __future__ import annotations

import atexit
import importlib.util
import io
import os
import sys
from itertools import islice
from types import ModuleType
from typing import TYPE_CHECKING, Iterator

from .. import bounds
from ..answering import identity

if TYPE_CHECKING:
    from .shapes import Dag, DagBag, Document

_MOST_SHOWN = 60
# dagprof tries so many values of a DAG to find the one that cannot be sent. Each takes
# microseconds.
_MOST_LOOKED_AT = 100_000
_COMMS = "airflow.sdk.execution_time.comms"


def is_supervised(is_processor: bool) -> bool:
    """Whether the parsing child has a supervisor, as in Airflow 3. The check may import parent
    packages.
    """
    try:
        return is_processor and importlib.util.find_spec(_COMMS) is not None
    except ImportError:
        return False


def plan(is_processor: bool) -> Delivery:
    """The delivery of this Airflow's child. Outside of the DAG processor the child only parses."""
    processor = sys.modules.get("airflow.dag_processing.processor")
    if not is_processor or processor is None:
        return Delivery()
    comms = sys.modules.get(_COMMS)
    if comms is not None and hasattr(processor, "DagFileParsingResult"):
        return SupervisedDelivery(processor, comms)
    return DatabaseDelivery()


class Delivery:
    """A child that delivers nothing."""

    is_supervised = False
    # The failure of Airflow for DAGs for which ``encode`` raises, in words.
    fault = ""

    def open_streams(self, requests: int) -> None:
        """Open the child's standard streams. ``requests`` is its end of the supervisor's socket."""

    def begin(self) -> None:
        """Forget the exit handlers of the process that forked."""

    def has_ending(self) -> bool:
        """Whether the end has work that may take time."""
        return False

    def end(self) -> None:
        """Do the child's work between delivering its DAGs and leaving."""

    def encode(
        self, file: str, bag: DagBag, documents: dict[str, Document], errors: dict[str, str]
    ) -> None:
        """Convert DAGs and errors to the form in which they leave the child.

        :raises Exception: as in Airflow's child, from which Airflow then stores nothing.
        """

    def culprit(self, bag: DagBag, documents: dict[str, Document]) -> str:
        """The value for which ``encode`` raises, in words; empty if there is none."""
        try:
            return bounds.cut(self._culprit(bag, documents), bounds.MESSAGE)
        except Exception:  # such as a value that is nested a thousand times
            return ""

    def _culprit(self, bag: DagBag, documents: dict[str, Document]) -> str:
        return ""


class DatabaseDelivery(Delivery):
    """Airflow 2: a process of multiprocessing that writes text into the database."""

    fault = "cannot write the DAGs to the database"

    def begin(self) -> None:
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            util._finalizer_registry.clear()

    def has_ending(self) -> bool:
        children = getattr(sys.modules.get("multiprocessing.process"), "_children", ())
        return bool(children) or len(getattr(sys.modules.get("threading"), "_active", ())) > 1

    def end(self) -> None:
        for module, function in (
            ("multiprocessing.util", "_exit_function"),
            ("threading", "_shutdown"),
        ):
            if module in sys.modules:
                getattr(sys.modules[module], function)()

    def encode(
        self, file: str, bag: DagBag, documents: dict[str, Document], errors: dict[str, str]
    ) -> None:
        for text in (*bag.import_errors.values(), *errors.values()):
            text.encode("utf-8")
        for dag_id in documents:
            for _, text in _columns(bag.dags[dag_id]):
                text.encode("utf-8")

    def _culprit(self, bag: DagBag, documents: dict[str, Document]) -> str:
        for dag_id in documents:
            for name, text in _columns(bag.dags[dag_id]):
                if not _is_utf8(text):
                    return "%s of the DAG %s is %s" % (name, ascii(_name(dag_id)), _shown(text))
        return ""


class SupervisedDelivery(Delivery):
    """Airflow 3: a process under a supervisor. It sends the supervisor one message."""

    is_supervised = True
    fault = "cannot send the DAGs from the parsing process"

    def __init__(self, processor: ModuleType, comms: ModuleType) -> None:
        self._message = processor.DagFileParsingResult
        self._lazy_dag = processor.LazyDeserializedDAG
        self._frame = comms._RequestFrame
        self._socket: tuple[int, int] | None = None
        self._has_loaded = "last_loaded" in self._lazy_dag.model_fields

    def open_streams(self, requests: int) -> None:
        """Open all streams for writing, so ``input()`` raises ``io.UnsupportedOperation``."""
        os.dup2(requests, 0)
        self._socket = identity(0)
        for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
            # Airflow's child sends its log over another channel. Here the log goes to stderr, and
            # text must not fail to encode on the way.
            errors = "backslashreplace" if name == "stderr" else None
            setattr(
                sys,
                name,
                io.TextIOWrapper(os.fdopen(descriptor, "wb"), errors=errors, line_buffering=True),
            )

    def begin(self) -> None:
        atexit._clear()

    def has_ending(self) -> bool:
        return atexit._ncallbacks() > 0

    def end(self) -> None:
        atexit._run_exitfuncs()

    def encode(
        self, file: str, bag: DagBag, documents: dict[str, Document], errors: dict[str, str]
    ) -> None:
        if self._socket is not None and identity(0) != self._socket:
            raise OSError("file descriptor 0 is closed")
        dags = [self._dag(bag.dags[dag_id], document) for dag_id, document in documents.items()]
        message = self._message(
            fileloc=file,
            serialized_dags=dags,
            import_errors={**bag.import_errors, **errors},
            warnings=[],
        )
        self._frame(id=0, body=message.model_dump()).as_bytes()

    def _dag(self, dag: Dag, document: Document) -> object:
        loaded = {"last_loaded": dag.last_loaded} if self._has_loaded else {}
        return self._lazy_dag(data=document, **loaded)

    def _culprit(self, bag: DagBag, documents: dict[str, Document]) -> str:
        for dag_id, document in documents.items():
            parts = (
                {"last_loaded": getattr(bag.dags[dag_id], "last_loaded", None)}
                if self._has_loaded
                else {}
            )
            for where, value in islice(_leaves({**document, **parts}), _MOST_LOOKED_AT):
                if not self._is_sendable(value):
                    return "%s of the DAG %s is %s" % (
                        _name(where),
                        ascii(_name(dag_id)),
                        _shown(value),
                    )
        return ""

    def _is_sendable(self, value: object) -> bool:
        try:
            self._frame(id=0, body={"value": value}).as_bytes()
        except Exception:
            return False
        return True


def _columns(dag: Dag) -> Iterator[tuple[str, str]]:
    """The texts of a DAG that have their own database columns. The rest of the DAG travels as ASCII
    JSON.
    """
    for name in ("description", "owner", "dag_display_name", "default_view", "tags"):
        found = getattr(dag, name, None)
        for value in found if isinstance(found, (list, tuple, set)) else (found,):
            if isinstance(value, str):
                yield name, value


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _leaves(value: object, where: str = "") -> Iterator[tuple[str, object]]:
    """The innermost values of a document, with the path to each. Keys count as values."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (where + " key").strip(), key
            yield from _leaves(
                inner, "%s.%s" % (where, key) if where else str(getattr(key, "value", key))
            )
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(value):
            yield from _leaves(inner, "%s[%d]" % (where, number))
    else:
        yield where, value


def _name(text: object) -> str:
    return bounds.cut(bounds.plain(text), bounds.NAME)


def _shown(value: object) -> str:
    try:
        text = ascii(value)
    except Exception:
        text = "not printable"
    return "%s (%s)" % (
        text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 3] + "...",
        type(value).__name__,
    )
