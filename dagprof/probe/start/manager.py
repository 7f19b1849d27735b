"""Becomes the process that forks Airflow's parsing children. To do so, it runs Airflow's own
command up to the first fork.

The command is ``airflow dag-processor`` (3.x) or ``airflow scheduler`` (2.x; ``airflow
dag-processor`` if the configuration says that the processor runs on its own). It starts as in
production: command line, action log, migration check, job, listeners and plugins, bundles, the API
that answers children. A folder with one file that is never executed replaces the DAG folder. Where
the command would start the first parsing process, it calls ``then`` instead, which does not return.

A measurement must not have some of the command's effects. So executors do not start, no log or
health server listens, Airflow does not write its default configuration, the process keeps its name,
and the cache of look-ups does not start.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
from typing import Any, Callable

from . import first_result
from .database import Database
from .plugins import Plugins

_FIRST = "# airflow, dag: stands for the DAG folder while the manager starts; never executed\n"
_HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)
_BUNDLES = "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"
# Only while the command starts. Whatever the user's settings say, the database is SQLite here, and
# no server listens.
_WHILE_STARTING = {
    "_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK": "1",
    "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
    "AIRFLOW__SECRETS__USE_CACHE": "False",
}


class Manager:
    """Airflow's manager, up to the first fork. ``handlers`` are its signal handlers at that point.

    ``trouble`` says in a sentence how the state differs from the real manager's; empty if it does
    not.
    """

    def __init__(self, scratch: str, cache: str | None, plugins: Plugins) -> None:
        self._scratch = scratch
        self._database = Database(cache)
        self._plugins = plugins
        self.command = ""
        self.trouble = ""
        self.handlers: dict[int, signal._HANDLER] = {}
        self.has_frozen = False
        self._undo: list[Callable[[], None]] = []
        self._process = os.getpid()

    def become(self, then: Callable[[], None]) -> str:
        """Run the command. At the first fork it calls ``then``, which ends the process. If it did
        not get that far, return the reason.
        """
        try:
            # The command is a script in this folder. Python puts the folder of a script first.
            sys.path.insert(0, os.path.dirname(sys.executable))
            main = importlib.import_module("airflow.__main__").main
            self._database.begin()
            self._prepare()
            self._take_over(then)
            self._plugins.install(self._set)
            sys.argv = self._command_line()
            self._database.finish()
            main()
        except SystemExit as end:
            reason = "it exited with %r" % (end.code,)
        except BaseException as error:  # a plugin can raise anything
            reason = "%s: %s" % (type(error).__name__, error)
            if type(error).__module__.startswith("sqlalchemy"):
                self._database.forget()
        else:
            reason = "it returned"
        self._leave_if_copy()
        self._restore()
        self._take_handlers()
        return (
            "`airflow %s` did not start here (%s), so dagprof only imitates the state of the DAG"
            " processor and loads no plugins" % (self.command, reason)
        )

    @property
    def inherited_handlers(self) -> dict[int, signal._HANDLER]:
        """The signal handlers that a parsing child inherits from the manager. Airflow 3 resets its
        own handlers in the child.
        """
        reset = _HANDLED if "airflow.sdk" in sys.modules else ()
        return {number: handler for number, handler in self.handlers.items() if number not in reset}

    def _prepare(self) -> None:
        folder = os.path.join(self._scratch, "first")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "first.py"), "w") as file:
            file.write(_FIRST)
        bundle = {
            "name": "dags-folder",
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": folder},
        }
        for name, value in {**_WHILE_STARTING, _BUNDLES: json.dumps([bundle])}.items():
            self._set_variable(name, value)
        configuration = importlib.import_module("airflow.configuration")
        if hasattr(configuration, "write_default_airflow_configuration_if_needed"):
            self._set(
                configuration,
                "write_default_airflow_configuration_if_needed",
                lambda: configuration.conf,
            )

    def _take_over(self, then: Callable[[], None]) -> None:
        """Replace the first fork by ``then``."""
        processor = importlib.import_module(
            "airflow.dag_processing.processor"
        ).DagFileProcessorProcess
        manager = importlib.import_module("airflow.dag_processing.manager")
        agent = getattr(manager, "DagFileProcessorAgent", None)
        self._set(processor, "start", lambda *args, **kwargs: self._arrived(then))
        self._set(gc, "freeze", self._freeze)
        if agent is None:
            self.command = "dag-processor"
            return
        self.command = "scheduler"
        self._set(manager, "setproctitle", lambda title: None)
        if self._runs_alone():
            self.command = "dag-processor"
            command = importlib.import_module("airflow.cli.commands.dag_processor_command")
            self._set(command, "conf", _NotSqlite(command.conf))
        else:
            self._set(agent, "start", _run_in_this_process)
            self._quiet_executors()

    @staticmethod
    def _runs_alone() -> bool:
        from airflow.configuration import conf

        return bool(conf.getboolean("scheduler", "standalone_dag_processor", fallback=False))

    def _quiet_executors(self) -> None:
        """Keep executors from starting: they would fork, or connect to a broker."""
        runner = importlib.import_module("airflow.jobs.scheduler_job_runner").SchedulerJobRunner
        ordinary = runner._execute

        def execute(scheduler: Any) -> object:
            job = scheduler.job
            for executor in getattr(job, "executors", None) or [job.executor]:
                executor.start = lambda: None
            return ordinary(scheduler)

        self._set(runner, "_execute", execute)

    def _command_line(self) -> list[str]:
        script = os.path.join(os.path.dirname(sys.executable), "airflow")
        if self.command == "scheduler":
            return [
                script,
                self.command,
                "--skip-serve-logs",
                "--subdir",
                os.path.join(self._scratch, "first"),
            ]
        is_2 = hasattr(sys.modules["airflow.dag_processing.manager"], "DagFileProcessorAgent")
        return [
            script,
            self.command,
            *(["--subdir", os.path.join(self._scratch, "first")] if is_2 else []),
        ]

    def _freeze(self) -> None:
        """Run Airflow's ``gc.freeze`` and record it."""
        self.has_frozen = True
        self._undo_one(gc, "freeze")
        gc.freeze()

    def _arrived(self, then: Callable[[], None]) -> None:
        self._leave_if_copy()
        self._restore()
        self.trouble = first_result.store(self._scratch)
        sys.argv = sys.argv[:2]
        self._take_handlers()
        then()

    def _take_handlers(self) -> None:
        """Keep the handlers for the children, and reset them here. A process that ignores SIGCHLD
        cannot wait for its children.
        """
        for number in (*_HANDLED, signal.SIGCHLD):
            self.handlers[number] = signal.getsignal(number) or signal.SIG_DFL
            signal.signal(number, signal.SIG_DFL)

    def _leave_if_copy(self) -> None:
        """End a copy that a plugin or a settings file forked. Otherwise two processes would answer
        over one socket.
        """
        if os.getpid() != self._process:
            os._exit(0)

    def _set(self, owner: object, name: str, value: object) -> None:
        missing = object()
        before = vars(owner).get(name, missing)

        def undo() -> None:
            if before is missing:
                delattr(owner, name)
            else:
                setattr(owner, name, before)

        undo.key = (id(owner), name)  # type: ignore[attr-defined]
        setattr(owner, name, value)
        self._undo.append(undo)

    def _set_variable(self, name: str, value: str) -> None:
        before = os.environ.get(name)

        def undo() -> None:
            if before is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = before

        os.environ[name] = value
        self._undo.append(undo)

    def _undo_one(self, owner: object, name: str) -> None:
        for undo in list(self._undo):
            if getattr(undo, "key", None) == (id(owner), name):
                self._undo.remove(undo)
                undo()

    def _restore(self) -> None:
        while self._undo:
            self._undo.pop()()


class _NotSqlite:
    """Airflow 2's configuration, without the word SQLite. The ``dag-processor`` command of Airflow
    2 refuses SQLite because of locks.
    """

    def __init__(self, conf: Any) -> None:
        self._conf = conf

    def __getattr__(self, name: str) -> object:
        return getattr(self._conf, name)

    def get(self, section: str, key: str, *args: object, **kwargs: object) -> object:
        if (section, key) == ("database", "sql_alchemy_conn"):
            return "not-sqlite"
        return self._conf.get(section, key, *args, **kwargs)


def _run_in_this_process(agent: Any) -> None:
    """Run ``DagFileProcessorAgent.start`` of Airflow 2 without the fork. The scheduler's process
    goes on as the manager.

    The manager runs in the mode that waits for a signal before each round, as with SQLite. So the
    queries of a round come before the first fork.
    """
    module = sys.modules[type(agent).__module__]
    context = agent._get_multiprocessing_context()
    agent._parent_signal_conn, child_conn = context.Pipe()
    agent._parent_signal_conn.send(module.DagParsingSignal.AGENT_RUN_ONCE)
    pickles = [agent._pickle_dags] if hasattr(agent, "_pickle_dags") else []
    type(agent)._run_processor_manager(
        agent._dag_directory,
        agent._max_runs,
        agent._processor_timeout,
        child_conn,
        agent._dag_ids,
        *pickles,
        False,
    )
