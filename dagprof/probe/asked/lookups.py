"""Puts dagprof's answers where Airflow itself asks for Variables and Connections: 2.7 to 3.3.

Airflow's own methods stay, with their signatures, defaults and exceptions. dagprof replaces only
what these methods ask: the secrets backends (all versions), the channel to the supervising process
(3.x) and the session for writing (2.x). If the DAG processor has not loaded a module, dagprof
changes the module when a DAG file loads it. This code follows the sources of 2.7.3, 2.9.3, 2.11.2,
3.0.6 and 3.3.2.
"""

from __future__ import annotations

import functools
import importlib.machinery
import inspect
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Callable, Sequence

from . import stubs
from .answers import Answers, VariableLookup
from .supervisor import Supervisor, build

if TYPE_CHECKING:
    from typing import Dict

    from ..versions.airflow_api import AirflowApi

    # Maps the name of a module to the function that changes the loaded module.
    Changes = Dict[str, Callable[[ModuleType], object]]

_SDK, _RUN = "airflow.sdk.definitions.", "airflow.sdk.execution_time."
# Airflow's functions that ask the list of backends. The readers look up a value. The writers ask
# before a write, in order to warn.
_READERS = (
    "get_variable_from_secrets",
    "get_connection_from_secrets",
    "_get_variable",
    "_get_connection",
    "_async_get_connection",
)
_WRITERS = ("check_for_write_conflict", "_set_variable")
_ENVIRONMENT = "EnvironmentVariablesBackend"
_DEFAULTS = ("default", "default_var")


def install(api: AirflowApi, answers: Answers) -> None:
    """Answer look-ups in this process and in its forks."""
    changes = _changes_2(answers) if api.version.startswith("2.") else _changes_3(answers)
    late = {name: change for name, change in changes.items() if name not in sys.modules}
    for name in changes.keys() - late.keys():
        changes[name](sys.modules[name])
    if late:
        sys.meta_path.insert(0, WhenLoaded(late))


def _changes_2(answers: Answers) -> Changes:
    """In 2.x one backend replaces all others, and writes go into a session of dagprof's."""

    def serve(module: ModuleType) -> None:
        _serve_backends(module, "ensure_secrets_loaded", lambda ordinary: [Backend(answers)])

    def change_variable(module: ModuleType) -> None:
        serve(module)
        _ask(module.Variable, "get", answers)
        for name in ("set", "update", "delete"):
            _write_aside(module.Variable, name, answers)

    def change_connection(module: ModuleType) -> None:
        serve(module)
        _change_connection(module.Connection, answers)

    return {
        "airflow.models.variable": change_variable,
        "airflow.models.connection": change_connection,
    }


def _changes_3(answers: Answers) -> Changes:
    """In 3.x the environment answers first, then the supervising process. An object of dagprof's
    replaces that process.
    """

    def serve(module: ModuleType) -> None:
        def backends(ordinary: list[object]) -> list[object]:
            return [
                EnvironmentBackend(each, answers) if type(each).__name__ == _ENVIRONMENT else each
                for each in ordinary
            ]

        _serve_backends(module, "ensure_secrets_backend_loaded", backends)

    def change_context(module: ModuleType) -> None:
        _ask(module, "_get_variable", answers)
        _ask(module.VariableAccessor, "get", answers)

    return {
        "airflow.models.variable": lambda module: _ask(module.Variable, "get", answers),
        "airflow.models.connection": lambda module: _change_connection(module.Connection, answers),
        _RUN + "supervisor": serve,
        _RUN + "context": change_context,
        _RUN + "task_runner": lambda module: setattr(
            module, "SUPERVISOR_COMMS", Supervisor(answers)
        ),
        _SDK + "variable": lambda module: _ask(module.Variable, "get", answers),
        _SDK + "connection": lambda module: _change_connection(module.Connection, answers),
    }


class WhenLoaded:
    """A finder that finds nothing itself. It changes a module right after the module is
    executed.
    """

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        change = self._changes.pop(name, None)
        spec = importlib.machinery.PathFinder.find_spec(name, path) if change is not None else None
        if spec is None or spec.loader is None or change is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            change(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


class Backend:
    """Replaces all secrets backends of Airflow 2."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def get_variable(self, key: str) -> str | None:
        text = self._answers.from_environment("variable", key)
        return self._answers.variable(key) if text is None else text

    def get_connection(self, conn_id: str) -> object:
        found = self._answers.from_environment("connection", conn_id) or self._answers.connection(
            conn_id
        )
        cls = sys.modules["airflow.models.connection"].Connection
        return None if found is None else build(cls, conn_id, found)


class EnvironmentBackend:
    """Airflow's own backend for the environment, with a record of its answers."""

    def __init__(self, ordinary: Any, answers: Answers) -> None:
        self._ordinary, self._answers = ordinary, answers

    def get_variable(self, key: str, **more: object) -> object:
        self._answers.from_environment("variable", key)
        return self._ordinary.get_variable(key=key, **more)

    def get_connection(self, conn_id: str, **more: object) -> object:
        self._answers.from_environment("connection", conn_id)
        return self._ordinary.get_connection(conn_id=conn_id, **more)

    def __getattr__(self, name: str) -> object:
        return getattr(self._ordinary, name)


def _serve_backends(
    module: ModuleType, name: str, backends: Callable[[list[object]], list[object]]
) -> None:
    """Give dagprof's backends to the functions that look something up. All others get Airflow's."""
    ordinary = getattr(module, name)

    @functools.wraps(ordinary)
    def ensure(*args: object, **kwargs: object) -> list[object]:
        caller = sys._getframe(1).f_code.co_name
        found: list[object] = ordinary(*args, **kwargs)
        if caller in _READERS:
            return backends(found)
        return (
            [each for each in found if type(each).__name__ == _ENVIRONMENT]
            if caller in _WRITERS
            else found
        )

    setattr(module, name, ensure)


def _ask(owner: object, name: str, answers: Answers) -> None:
    """Record each call's key and arguments. Airflow's own code does the rest."""
    descriptor = inspect.getattr_static(owner, name)
    ordinary = getattr(descriptor, "__func__", descriptor)
    signature = inspect.signature(ordinary)

    @functools.wraps(ordinary)
    def get(*args: object, **kwargs: object) -> object:
        bound = _bound(signature, args, kwargs)
        if bound is None:
            return ordinary(*args, **kwargs)  # raises what this Airflow raises
        questions = answers.questions()
        if name == "_get_variable" and questions:  # a part of ``Variable.get``
            return ordinary(*args, **kwargs)
        question = _question(signature, bound, args)
        questions.append(question)
        try:
            return question.finished(ordinary(*args, **kwargs))
        finally:
            questions.pop()

    setattr(owner, name, classmethod(get) if isinstance(descriptor, classmethod) else get)


def _bound(
    signature: inspect.Signature, args: tuple[object, ...], kwargs: dict[str, object]
) -> inspect.BoundArguments | None:
    try:
        return signature.bind(*args, **kwargs)
    except TypeError:
        return None


def _question(
    signature: inspect.Signature, bound: inspect.BoundArguments, args: tuple[object, ...]
) -> VariableLookup:
    as_json = bound.arguments.get(
        "deserialize_json", getattr(args[0] if args else None, "_deserialize_json", False)
    )
    for name in _DEFAULTS:
        if (
            name in bound.arguments
            and bound.arguments[name] is not signature.parameters[name].default
        ):
            return VariableLookup(bound.arguments[name], bool(as_json))
    return VariableLookup(as_json=bool(as_json))


def _change_connection(cls: Any, answers: Answers) -> None:
    """Let a stub's ``extra`` answer every key, and keep it out of the URI."""
    extra = cls.extra_dejson.fget
    uri = cls.get_uri
    cls.extra_dejson = property(
        lambda conn: _or(answers.extra(conn.extra), lambda: extra(conn)), doc=extra.__doc__
    )
    cls.get_uri = functools.wraps(uri)(
        lambda conn: (
            uri(conn).partition("?")[0].rstrip("/") if conn.extra == stubs.STUB_EXTRA else uri(conn)
        )
    )
    if hasattr(cls, "get_extra_dejson"):
        nested = cls.get_extra_dejson
        cls.get_extra_dejson = functools.wraps(nested)(
            lambda conn, *args, **kwargs: _or(
                answers.extra(conn.extra), lambda: nested(conn, *args, **kwargs)
            )
        )


def _or(made_up: object, real: Callable[[], object]) -> object:
    return real() if made_up is None else made_up


def _write_aside(cls: type, name: str, answers: Answers) -> None:
    """Let Airflow 2 write into a session that keeps the value for this parse, unless the caller
    passes a session.
    """
    ordinary = inspect.getattr_static(cls, name).__func__
    signature = inspect.signature(ordinary)

    @functools.wraps(ordinary)
    def write(*args: object, **kwargs: object) -> object:
        bound = _bound(signature, args, kwargs)
        if bound is None or bound.arguments.get("session") is not None:
            return ordinary(*args, **kwargs)
        key = bound.arguments["key"]
        if (
            sys._getframe(1).f_code.co_filename != ordinary.__code__.co_filename
        ):  # not a part of another write
            answers.record("variable", key, name, "ignored")
        return ordinary(*args, **{**kwargs, "session": StubSession(answers, key)})

    setattr(cls, name, staticmethod(write))


class StubSession:
    """The part of a database session that writing one Variable needs."""

    def __init__(self, answers: Answers, key: str) -> None:
        self._answers, self._key = answers, key

    def execute(self, *_: object, **__: object) -> object:
        """Delete: Airflow executes no other statement here."""
        existed = self._key in self._answers.names()
        self._answers.write(self._key, None)
        return SimpleNamespace(rowcount=int(existed))

    def add(self, variable: Any) -> None:
        self._answers.write(variable.key, variable.val)

    def flush(self, *_: object, **__: object) -> None:
        return

    def scalar(self, *_: object, **__: object) -> object:
        return SimpleNamespace(description=None)

    first = scalar

    def query(self, *_: object, **__: object) -> object:
        return self

    filter = query
