"""What a parsing process needs besides the file."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from ..asked import answers, lookups
from ..parsing import bytecode
from ..start import collector, home
from ..system import exported
from ..system.clocks import perf_counter, process_time
from ..system.usage import queued_ms
from ..versions import airflow_api, delivery

if TYPE_CHECKING:
    from ..parsing.imports.layer import Before
    from ..protocol.zygote import Config


class Surroundings:
    """What a parsing process needs: Airflow at a temperature, answers for look-ups, a scratch
    folder.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.airflow_ms = self.airflow_cpu_ms = self.airflow_queued_ms = 0.0
        self.exported = exported.Exported()
        self.bytecode = bytecode.Bytecode(os.path.join(config["scratch"], "bytecode"))
        self.bytecode.install()
        self.answers = answers.Answers(
            config["variables"], config["connections"], config["missing"]
        )
        self.api: airflow_api.AirflowApi
        # As Airflow's manager has left them: Airflow 2's database, and a home folder of ours.
        self.database: bytes | None = None
        self.home: home.Content = {}
        self.handlers: dict[int, signal._HANDLER] = {}
        self.collector = collector.Collector()
        self.delivery: delivery.Delivery
        self.own_modules: list[str] = []
        # What the worker has imported before its parses.
        self.before: Before | None = None

    def import_airflow(self) -> None:
        wall, cpu = perf_counter(), process_time()
        self.api = airflow_api.AirflowApi(self.config["root"], self.config["temperature"])
        if self.config["temperature"] == airflow_api.COLD:
            self.airflow_ms = (perf_counter() - wall) * 1000
            self.airflow_cpu_ms = (process_time() - cpu) * 1000
        lookups.install(self.api, self.answers)
        self.delivery = delivery.plan(self.config["temperature"] == airflow_api.PROCESSOR)
        self.own_modules = _own_modules()

    def include_start(self, began: float) -> None:
        """Count the whole start of this interpreter as Airflow's. ``began`` comes from the process
        that started it; on Linux and macOS, all processes share this clock.
        """
        self.api.import_entry()
        self.airflow_ms = (perf_counter() - began) * 1000
        self.airflow_cpu_ms = process_time() * 1000
        self.airflow_queued_ms = min(queued_ms(), self.airflow_ms)


def _own_modules() -> list[str]:
    """Return the probe's names in ``sys.modules``. Each child removes them, so that the DAG file
    finds only the modules that Airflow's child has.

    The search runs before the fork. A search in the child would copy the memory pages of thousands
    of names: 5 ms for each parse.
    """
    package = __name__.partition(".")[0]
    return [name for name in sys.modules if name.partition(".")[0] == package]
