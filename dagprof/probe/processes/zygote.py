"""The process that imports Airflow once and forks a worker on each request."""

from __future__ import annotations

import gc
import importlib
import os
import socket
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any, Callable, Mapping

from .. import faults, origin
from ..channel import Channel
from ..inventory import describe, discovery
from ..start import home, metadata, plugins, pre_imports, scratch
from ..start.manager import Manager
from ..system import parent
from ..system.kernel import become_subreaper, die_with, kill_leftovers, standing
from ..versions import requirements
from ..versions.airflow_api import PROCESSOR, WARM
from . import beside, ending, worker
from .surroundings import Surroundings

if TYPE_CHECKING:
    from ..protocol.rows import TextRow
    from ..protocol.zygote import (
        AirflowFacts,
        Config,
        Described,
        DescribeRequest,
        DiscoverRequest,
        Failed,
        Forked,
        Listing,
        Loaded,
        PreImported,
        PreImportRequest,
        Prices,
        WorkerRequest,
        ZygoteRequest,
    )
    from ..versions.airflow_api import AirflowApi


def serve(descriptor: int) -> None:
    """Answer requests until a request to stop, or until the other side is gone. Leave no process
    and no file behind.
    """
    control = Channel(socket.socket(fileno=descriptor))
    become_subreaper()
    config: Config | None = control.receive()
    if config is None:
        return
    parent.watch(lambda: ending.clean_up(config))
    if control.is_at_end():  # dagprof died before this process asked for the signal
        ending.clean_up(config)
        return
    if config["renews_scratch"]:
        scratch.renew(config["scratch"])
    try:
        zygote = Zygote(control, config)
    except faults.CannotFork as error:
        control.send({"op": "failed", "fault": faults.NO_FORK, "reason": str(error)})
        return
    zygote.serve()


class Zygote:
    def __init__(self, control: Channel, config: Config) -> None:
        self._control = control
        self._config = config
        self._workers: set[int] = set()
        self._describer = describe.Describer()
        self._pre_imported: list[str] = []
        self._surroundings = Surroundings(config)
        self._plugins = plugins.Plugins()
        self._trouble = ""

    def serve(self) -> None:
        """Import Airflow and answer requests. At the processor temperature, do so inside Airflow's
        own manager. Does not return.
        """
        self._surroundings.collector.begin()
        if self._config["temperature"] == PROCESSOR and not self._config["spawns"]:
            started = perf_counter()
            manager = Manager(self._config["scratch"], self._config.get("cache"), self._plugins)
            self._trouble = manager.become(
                lambda: self._serve_from(lambda: self._stand_in(manager, started))
            )
        self._serve_from(self._imitate)

    def _serve_from(self, begin: Callable[[], bool]) -> None:
        """Answer requests from the state that ``begin`` leaves, and end the process, even when the
        caller is Airflow's code.
        """
        is_over = True
        try:
            if self._start(begin):
                is_over = self.answer_all()
        except BaseException:
            ending.print_traceback()
        finally:
            ending.clean_up(self._config, is_over=is_over)
            # A normal exit of an interpreter with all of Airflow takes a fifth of a second, and
            # there is nothing left to save.
            ending.leave(0)

    def _start(self, begin: Callable[[], bool]) -> bool:
        """Report that Airflow is ready, or why not. Return True if it is. ``begin`` returns whether
        the collector was frozen.
        """
        try:
            has_frozen = begin()
            api = self._surroundings.api
            ready: AirflowFacts = {
                "version": api.version,
                "config": api.config(),
                "import_s": api.import_s,
                "is_untried": requirements.is_untried(api.version),
            }
            lacking = self._look_for_needs()
        except BaseException as error:
            self._refuse(error)
            return False
        self._surroundings.collector.settle(has_frozen)
        if unsupported := str(lacking().get("reason", "")):
            self._control.send({"op": "failed", "fault": faults.UNSUPPORTED, "reason": unsupported})
            return False
        self._surroundings.collector.resume()
        if api.version.startswith("2."):
            self._surroundings.database = metadata.migrated(self._config["scratch"])
        if not self._config["spawns"]:
            self._surroundings.home = home.content(self._config["scratch"])
        self._control.send(
            {
                "op": "ready",
                "airflow": ready,
                "python": sys.version.split()[0],
                "executable": sys.executable,
                "plugins": self._plugins.rows,
                "trouble": self._trouble,
                "environment": self._surroundings.exported.new(),
            }
        )
        self._surroundings.exported.settle()
        return True

    def _refuse(self, error: BaseException) -> None:
        """Report why dagprof cannot measure. If Airflow lacks something that the probe needs,
        report that instead of the error.
        """
        fault, reason = faults.of(error), faults.reason(error)
        if fault == faults.BROKEN:
            try:
                unsupported = str(self._look_for_needs()().get("reason", ""))
            except faults.CannotFork:
                unsupported = ""
            fault, reason = (faults.UNSUPPORTED, unsupported) if unsupported else (fault, reason)
        self._control.send({"op": "failed", "fault": fault, "reason": reason})

    def _look_for_needs(self) -> Callable[[], Any]:
        """Look up in a fork which needs of the probe this Airflow does not meet. A parse must not
        start with modules that only this check imports.
        """
        is_processor = self._config["temperature"] == PROCESSOR and not self._config["spawns"]
        return beside.started(lambda: {"reason": requirements.unsupported(is_processor)})

    def _stand_in(self, manager: Manager, started: float) -> bool:
        """Go on as Airflow's manager, from the point where it would fork."""
        self._trouble = manager.trouble
        self._surroundings.handlers = manager.inherited_handlers
        self._surroundings.import_airflow()
        self._surroundings.api.import_s = perf_counter() - started
        return manager.has_frozen

    def _imitate(self) -> bool:
        """Import what the forking process has. Used at the other temperatures, with spawn
        isolation, or if the command failed.
        """
        if self._config["spawns"]:
            self._import_for_discovery()
            return False
        self._surroundings.import_airflow()
        api = self._surroundings.api
        if api.freezes_collector:
            gc.freeze()
        if self._config["temperature"] == PROCESSOR:
            api.build_manager_api()
        return api.freezes_collector

    def _import_for_discovery(self) -> None:
        """With spawn isolation no child inherits modules from here. Plain Airflow is enough to list
        files.
        """
        ordinary = self._surroundings.config
        self._surroundings.config = {**ordinary, "temperature": WARM}
        self._surroundings.import_airflow()
        self._surroundings.config = ordinary

    def answer_all(self) -> bool:
        """Answer requests until the measurement is over. Return False if it goes on with another
        zygote.
        """
        operations: dict[str, Callable[[Any], Mapping[str, object]]] = {
            "discover": self._discover,
            "pre_import": self._pre_import,
            "worker": self._fork_worker,
            "describe": self._describe,
            "prices": self._prices,
            "loaded": self._loaded,
        }
        before = standing()
        while True:
            request: ZygoteRequest | None = self._control.receive()
            if request is None or request["op"] == "stop":
                return True
            if standing() != before:
                return False  # a DAG file has limited or slowed this process
            self._reap()
            self._control.send(operations[request["op"]](request))
            before = standing()

    def _reap(self) -> None:
        for pid in list(self._workers):
            try:
                if os.waitpid(pid, os.WNOHANG)[0]:
                    self._workers.discard(pid)
            except OSError:
                self._workers.discard(pid)
        kill_leftovers({*self._workers, self._describer.pid})

    def _fork_worker(self, request: WorkerRequest) -> Forked:
        connection = self._control.take_socket()
        zygote = os.getpid()
        pid = faults.fork()
        if pid == 0:
            code = 1
            try:
                die_with(zygote)
                parent.forget()
                self._control.socket.close()
                self._describer.leave()
                worker.serve(
                    Channel(connection),
                    self._surroundings,
                    self._pre_imported,
                    request,
                )
                code = 0
            except BaseException:
                ending.print_traceback()
            finally:
                kill_leftovers(set())
                ending.leave(code)
        connection.close()
        self._workers.add(pid)
        return {"pid": pid}

    def _discover(self, request: DiscoverRequest) -> Listing | Failed:
        api = self._surroundings.api
        return beside.answer(
            lambda: discovery.discover(api, request["paths"], request["safe_mode"])
        )

    def _describe(self, request: DescribeRequest) -> Described | Failed:
        return self._describer.ask(request["files"])

    def _loaded(self, request: ZygoteRequest) -> Loaded:
        """The files of the user's modules that this process has loaded. All parses share them."""
        files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
        users = {file for file in files if file and origin.of_file(file) == origin.USER}
        return {"files": sorted(users)}

    def _prices(self, request: ZygoteRequest) -> Prices | Failed:
        """What look-ups cost in Airflow's own processor, in a fork that waits for it."""
        scratch, version = self._config["scratch"], self._surroundings.api.version

        def measure() -> Prices:
            from . import prices  # a parse must not start with what it imports

            return prices.measure(scratch, version)

        return beside.answer(measure)

    def _pre_import(self, request: PreImportRequest) -> PreImported:
        """Import the ``airflow.*`` modules that the files of the whole DAG folder name, and those
        of ``files``.

        Airflow's manager imports them before it forks for the file that names them, and keeps them.
        After one round every file can use them at no cost, so dagprof imports them also for files
        that it does not measure.
        """
        if self._config["temperature"] != PROCESSOR:
            return {"modules": [], "failed": []}
        api = self._surroundings.api
        files = dict.fromkeys(request["files"])
        if request["with_folder"]:
            files.update(
                dict.fromkeys(
                    beside.answer(lambda: _listed(api, self._config["safe_mode"])).get("files", ())
                )
            )
        names = pre_imports.names(api, files)
        if self._config["spawns"]:
            self._pre_imported = names
            return {"modules": self._pre_imported, "failed": []}
        self._pre_imported = []
        failed: list[TextRow] = []
        for name in names:
            try:
                importlib.import_module(name)
                self._pre_imported.append(name)
            except BaseException as error:
                failed.append([name, faults.one_line(error)])
        collector = self._surroundings.collector
        collector.settle_again(bool(request.get("collects")))
        return {
            "modules": self._pre_imported,
            "failed": failed,
            "has_collected": collector.has_collected,
        }


def _listed(api: AirflowApi, safe_mode: bool | None) -> dict[str, list[str]]:
    """All files that Airflow would parse. Empty if Airflow cannot list them, which ``discover`` has
    reported before.
    """
    try:
        return {"files": api.list_files(api.root, discovery.is_safe_mode(api, safe_mode))}
    except Exception:
        return {"files": []}
