"""The differences between Airflow 2.7 and 3.4 that a parse depends on. ``listing`` and ``loading``
have the others.

The places of functions come from the sources of 2.7.3, 2.9.3, 2.11.2, 3.0.6, 3.3.2 and 3.4.0b2.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import time
from types import ModuleType
from typing import TYPE_CHECKING, Callable

from . import listing, loading

if TYPE_CHECKING:
    from .shapes import Dag, DagBag, Document

PROCESSOR, WARM, COLD = "processor", "warm", "cold"

# The imports of the process that forks the parsing child, by temperature.
_PROCESSOR_MODULES = ("airflow.dag_processing.manager", "airflow.dag_processing.processor")
_WARM_MODULES = ("airflow.sdk.execution_time.task_runner", "airflow.executors.local_executor")
# What starts a task in a new interpreter: the command of Airflow 3, or the one of Airflow 2.
_ENTRY_MODULES = (
    "airflow.sdk.execution_time.execute_workload",
    "airflow.executors.workloads",
    "airflow.executors.base_executor",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.cli.commands.task_command",
)
_CONFIG = {
    "dagbag_import_timeout": (("core", "dagbag_import_timeout"),),
    "dag_file_processor_timeout": (
        ("dag_processor", "dag_file_processor_timeout"),
        ("core", "dag_file_processor_timeout"),
    ),
    "min_file_process_interval": (
        ("dag_processor", "min_file_process_interval"),
        ("scheduler", "min_file_process_interval"),
    ),
    "parsing_processes": (
        ("dag_processor", "parsing_processes"),
        ("scheduler", "parsing_processes"),
    ),
    "file_parsing_sort_mode": (
        ("dag_processor", "file_parsing_sort_mode"),
        ("scheduler", "file_parsing_sort_mode"),
    ),
    "refresh_interval": (
        ("dag_processor", "refresh_interval"),
        ("scheduler", "dag_dir_list_interval"),
    ),
    "bundle_refresh_check_interval": (("dag_processor", "bundle_refresh_check_interval"),),
    "parsing_pre_import_modules": (
        ("dag_processor", "parsing_pre_import_modules"),
        ("scheduler", "parsing_pre_import_modules"),
    ),
    "dag_discovery_safe_mode": (("core", "dag_discovery_safe_mode"),),
    "dag_ignore_file_syntax": (("core", "dag_ignore_file_syntax"),),
    "executor": (("core", "executor"),),
    "dags_folder": (("core", "dags_folder"),),
    "plugins_folder": (("core", "plugins_folder"),),
}


def _optional(module: str) -> ModuleType | None:
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


class AirflowApi:
    """The parts of Airflow that dagprof uses. Constructing it imports as much of Airflow as the
    temperature requires.
    """

    def __init__(self, root: str, temperature: str) -> None:
        started = time.perf_counter()
        import airflow

        self.version: str = airflow.__version__
        self.root = root
        module = _optional("airflow.dag_processing.dagbag")
        if module is None or not hasattr(module, "DagBag"):
            module = importlib.import_module("airflow.models.dagbag")
        self._module = module
        serialized = importlib.import_module("airflow.serialization.serialized_objects")
        self._to_dict = getattr(serialized, "DagSerialization", None) or serialized.SerializedDAG
        self.import_s = time.perf_counter() - started
        self._forking = self._import_surroundings(temperature)
        self._bag_class, self._bag_arguments = self._find_bag()

    @staticmethod
    def _import_surroundings(temperature: str) -> list[ModuleType | None]:
        """Import the modules of the forking process. Return them; None for modules that this
        Airflow does not have.
        """
        if temperature == PROCESSOR:
            return [importlib.import_module(name) for name in _PROCESSOR_MODULES]
        return [_optional(name) for name in (_WARM_MODULES if temperature == WARM else ())]

    @property
    def freezes_collector(self) -> bool:
        """Whether the process that forks the parsing child calls ``gc.freeze`` before. Only an
        imitated manager reads this.

        Airflow 3.1 and later call it. Without it, a collection in the child walks all of Airflow's
        objects.
        """
        return any(
            module is not None and "gc.freeze(" in inspect.getsource(module)
            for module in self._forking
        )

    def build_manager_api(self) -> None:
        """Build the API that answers the children, as Airflow 3's manager does after it froze the
        collector.

        Some 300 modules are then free for DAG files. Each full collection in a child also walks the
        API's objects, about 40 ms. Without the API, a parse that imports pandas would look a tenth
        faster than it is.
        """
        loading.warm_importers()
        processor = sys.modules.get("airflow.dag_processing.processor")
        factory = getattr(processor, "in_process_api_server", None)
        if factory is not None:
            for module in ("a2wsgi", "httpx"):
                _optional(module)
            self._manager_api = factory()
            self._manager_app = self._manager_api.app

    def _find_bag(self) -> tuple[Callable[..., DagBag], dict[str, object]]:
        """DagBag's class and arguments, as this version's DAG processor passes them."""
        bag_class = getattr(self._module, "BundleDagBag", None) or self._module.DagBag
        known = inspect.signature(self._module.DagBag.__init__).parameters
        arguments: dict[str, object] = {}
        if "include_examples" in known:
            arguments["include_examples"] = False
        if "bundle_path" in known:
            from pathlib import Path

            arguments.update(bundle_path=Path(self.root), load_op_links=False)
        if "bundle_name" in known:
            arguments["bundle_name"] = "dags-folder"
        return bag_class, arguments

    def config(self) -> dict[str, str]:
        """The settings that decide how this Airflow parses, as text."""
        from airflow.configuration import conf

        values = {}
        for name, places in _CONFIG.items():
            for section, key in places:
                value = conf.get(section, key, fallback=None)
                if value is not None:
                    values[name] = str(value)
                    break
        return values

    def list_files(self, folder: str, safe_mode: bool) -> list[str]:
        """The files below ``folder`` that the DAG processor would parse."""
        return listing.list_files(folder, safe_mode)

    def airflow_imports(self, file: str) -> list[str]:
        """The ``airflow.*`` modules that the DAG processor imports before it forks for ``file``."""
        from airflow.configuration import conf
        from airflow.utils.file import iter_airflow_imports

        for section in ("dag_processor", "scheduler"):
            if not conf.getboolean(section, "parsing_pre_import_modules", fallback=True):
                return []
        return list(iter_airflow_imports(file))

    def prepare_child(self) -> None:
        """Do what Airflow itself does in the forked process before the parse."""
        if self.root not in sys.path:
            sys.path.append(self.root)
        supervisor = sys.modules.get("airflow.sdk.execution_time.supervisor")
        if supervisor is not None and hasattr(supervisor, "block_orm_access"):
            if (
                "_AIRFLOW_PROCESS_CONTEXT" in os.environ
            ):  # the manager names itself there (3.1 and later)
                os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "client"
            supervisor.block_orm_access()

    def build_bag(self, file: str) -> DagBag:
        """Parse one file into a DagBag, as the DAG processor does."""
        return self._bag_class(file, **self._bag_arguments)

    def build_task_bag(self, file: str) -> DagBag:
        """Parse one file into a DagBag, as the start of a task does."""
        if "bundle_path" in self._bag_arguments:
            return self._bag_class(file, safe_mode=False, **self._bag_arguments)
        return self._module.DagBag(file, include_examples=False)

    @staticmethod
    def import_entry() -> None:
        """Import what a new interpreter imports before it parses the file of a task."""
        for name in _ENTRY_MODULES:
            _optional(name)

    @staticmethod
    def enter_task(dag_id: str, task_id: str) -> None:
        """Tell DAG files which task starts, as Airflow does. See ``get_parsing_context``."""
        os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = dag_id
        os.environ["_AIRFLOW_PARSING_CONTEXT_TASK_ID"] = task_id

    def serialise(self, dag: Dag) -> Document:
        """The serialised form of one DAG."""
        return self._to_dict.to_dict(dag)

    def deserialise(self, document: Document) -> object:
        """The scheduler's form of a serialised DAG."""
        return self._to_dict.from_dict(document)

    def time_loading(self, clock: Callable[[Callable[..., object]], Callable[..., object]]) -> None:
        """Wrap the methods that execute a DAG file's modules in the decorator ``clock``."""
        for owner, name in loading.timed_methods(self._module):
            setattr(owner, name, clock(getattr(owner, name)))

    def building_classes(self) -> list[type]:
        """The classes whose instances a DAG file makes: DAGs, task groups, tasks."""
        found = [
            *self._classes("DAG", "airflow.sdk.definitions.dag")[:1],
            *self._classes(
                "TaskGroup", "airflow.sdk.definitions.taskgroup", "airflow.utils.task_group"
            )[:1],
            *self._classes(
                "BaseOperator", "airflow.sdk.bases.operator", "airflow.models.baseoperator"
            )[:1],
        ]
        # In 3.0 the model derives from the SDK's class and has its own constructor, and `from
        # airflow import DAG` gives the model. In later versions that name is deprecated, and
        # requesting it warns.
        model = vars(_optional("airflow.models.dag")).get("DAG")
        return list(dict.fromkeys([*found, *([model] if model is not None else [])]))

    def _classes(self, name: str, *modules: str) -> list[type]:
        loaded = [_optional(module) for module in modules]
        return [getattr(module, name) for module in loaded if hasattr(module, name)]
