"""Measures the cost of loading each plugin. The process that forks pays it once for all DAG files,
and no file is the cause.
"""

from __future__ import annotations

import importlib.machinery
import os
import sys
from time import perf_counter
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any, Callable

from .. import bounds, faults
from ..system.usage import rss_kib

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from ..protocol.zygote import PluginRow

_ERROR_LIMIT = 1000
_GROUP = "airflow.plugins"
_LOADERS = ("plugins_manager",)


class Plugins:
    """Rows of ``name``, ``source``, ``wall_ms``, ``rss_kib``, ``modules`` and ``error``, in the
    order of loading.

    ``source`` is a file relative to the plugins folder, ``entry point NAME`` or ``provider``. If
    another file of the folder imported a helper before, the helper is loaded twice: the second
    time, Airflow gives it a name of its own.
    """

    def __init__(self) -> None:
        self.rows: list[PluginRow] = []

    def install(self, replace: Callable[[object, str, object], None]) -> None:
        """Time the three ways in which Airflow loads plugins. ``replace`` sets an attribute
        temporarily.
        """
        manager = sys.modules["airflow.plugins_manager"]
        replace(
            importlib.machinery,
            "SourceFileLoader",
            self._loader(importlib.machinery.SourceFileLoader),
        )
        replace(manager, "import_string", self._import_string(manager.import_string))
        entry_point = self._entry_point_class(manager)
        replace(entry_point, "load", self._entry_point_load(entry_point.load))

    def _timed(
        self, name: str, source: str, function: Callable[..., object], *arguments: object
    ) -> object:
        row: PluginRow = {
            "name": name,
            "source": source,
            "wall_ms": 0.0,
            "rss_kib": 0,
            "modules": 0,
            "error": "",
        }
        modules, rss, started = len(sys.modules), rss_kib(), perf_counter()
        try:
            return function(*arguments)
        except BaseException as error:
            row["error"] = bounds.shown(faults.one_line(error), _ERROR_LIMIT)
            raise
        finally:
            row["wall_ms"] = (perf_counter() - started) * 1000
            row["rss_kib"] = max(0, rss_kib() - rss)
            row["modules"] = len(sys.modules) - modules
            self.rows.append(row)

    def _loader(self, ordinary: Any) -> Any:
        timed = self._timed

        class SourceFileLoader(ordinary):  # type: ignore[misc]
            def exec_module(self, module: ModuleType) -> None:
                if _is_called_by_airflow(sys._getframe(1)):
                    timed(self.name, _below_plugins(self.path), super().exec_module, module)
                else:
                    super().exec_module(module)

        return SourceFileLoader

    def _import_string(self, ordinary: Callable[..., object]) -> Callable[[str], object]:
        return lambda path: self._timed(path, "provider", ordinary, path)

    def _entry_point_load(self, ordinary: Callable[..., object]) -> Callable[[EntryPoint], object]:
        timed = self._timed

        def load(entry_point: EntryPoint) -> object:
            if entry_point.group != _GROUP:
                return ordinary(entry_point)
            return timed(
                entry_point.name, "entry point %s" % entry_point.value, ordinary, entry_point
            )

        return load

    @staticmethod
    def _entry_point_class(manager: ModuleType) -> type[EntryPoint]:
        """The class of the entry points that ``importlib.metadata`` gives, or of its backport if
        Airflow uses that.
        """
        for name in ("metadata", "importlib_metadata"):
            found: type[EntryPoint] | None = getattr(
                getattr(manager, name, None), "EntryPoint", None
            )
            if found is not None:
                return found
        import importlib.metadata as metadata

        return metadata.EntryPoint


def _is_called_by_airflow(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).endswith(_LOADERS)


def _below_plugins(path: str) -> str:
    from airflow.configuration import conf

    folder = conf.get("core", "plugins_folder", fallback="") or ""
    return (
        os.path.relpath(path, folder)
        if folder and path.startswith(folder)
        else os.path.basename(path)
    )
