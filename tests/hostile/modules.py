"""Imports, ``sys.modules`` and what executes modules."""

from hostile.entry import ANY, FAILS, Behaviour

_TRAP = """
import sys, types
class Trap(types.ModuleType):
    def __getattribute__(self, name): {}
sys.modules["trap"] = Trap("trap")
"""

MODULES = (
    Behaviour("modules_cleared", ANY, "nothing is loaded", "import sys\n$DAG\nsys.modules.clear()"),
    Behaviour(
        "modules_replaced",
        "ok|import-error|lost",
        "another mapping, which raises",
        """
        import sys
        class Modules(dict):
            def __getitem__(self, key): raise RuntimeError("modules")
            get = __contains__ = __getitem__
        $DAG
        sys.modules = Modules()
        """,
        airflow2="exited",
    ),
    *(
        Behaviour(
            f"module_{name.partition('.')[0]}_gone",
            "ok|import-error|lost",
            "a module that others import again is None",
            f"import sys\n$DAG\nsys.modules['{name}'] = None",
        )
        for name in ("json", "os.path", "traceback", "threading", "airflow", "signal", "warnings")
    ),
    Behaviour(
        "odd_modules",
        "ok",
        "values that are no modules, keys that are no text",
        r"""
        import sys
        sys.modules["odd"] = 42; sys.modules["none"] = None; sys.modules[""] = object()
        sys.modules["<b>\n::error::\x1b[2J"] = sys; sys.modules[5] = sys
        """,
    ),
    Behaviour(
        "odd_module_facts",
        "ok",
        "modules whose facts are of the wrong type",
        """
        import sys, types
        for number, value in enumerate((7, None, b"x", "a\\0b", object(), [], "x" * 10**6)):
            module = types.ModuleType("odd"); sys.modules[f"odd_{number}"] = module
            module.__file__ = module.__spec__ = module.__name__ = module.__path__ = value
            module.__loader__ = module.__dict__["__package__"] = value
        """,
    ),
    Behaviour("module_raises", "ok", "attributes raise", _TRAP.format("raise RuntimeError(name)")),
    Behaviour(
        "module_exits", "ok", "attributes raise SystemExit", _TRAP.format("raise SystemExit(3)")
    ),
    Behaviour(
        "module_ends_process",
        "ok|exited",
        "whoever looks at all modules ends",
        _TRAP.format("import os; os._exit(9)"),
    ),
    Behaviour(
        "module_hangs",
        "ok|timed-out",
        "whoever looks at all modules waits",
        _TRAP.format("import time; time.sleep(600)"),
    ),
    Behaviour(
        "finders_cleared", "ok|import-error|lost", "no finders", "import sys; sys.meta_path.clear()"
    ),
    Behaviour(
        "finder_raises",
        "ok|import-error|lost",
        "a finder that raises",
        """
        import sys
        class Finder:
            def find_spec(self, *facts): raise SystemError("finder")
        sys.meta_path.insert(0, Finder())
        """,
    ),
    Behaviour(
        "finder_exits",
        "ok|exited",
        "a finder that ends the process at the next import",
        """
        import os, sys
        class Finder:
            def find_spec(self, *facts): os._exit(3)
        $DAG
        sys.meta_path.insert(0, Finder())
        """,
    ),
    Behaviour(
        "finder_finds_all",
        "ok|import-error|lost",
        "a finder that makes every module",
        """
        import importlib.machinery, sys
        class Finder:
            def find_spec(self, name, *facts): return importlib.machinery.ModuleSpec(name, self)
            def create_module(self, spec): return None
            def exec_module(self, module): module.__file__ = 7
        sys.meta_path.insert(0, Finder())
        import anything
        """,
    ),
    Behaviour("path_cleared", "ok|import-error|lost", "no paths", "import sys; sys.path.clear()"),
    Behaviour(
        "path_none", "ok|import-error|lost", "no list of paths", "import sys; sys.path = None"
    ),
    Behaviour(
        "odd_path",
        "ok",
        "paths that are none",
        "import sys; sys.path[:0] = [None, 7, b'x', 'a\\0b', '', '/proc/self/mem', 'x' * 10**6]",
        airflow2="ok|import-error",
    ),
    Behaviour(
        "path_hooks_cleared",
        "ok|import-error|lost",
        "no hooks and no cache",
        "import sys; sys.path_hooks.clear(); sys.path_importer_cache.clear()",
    ),
    Behaviour(
        "import_replaced",
        "ok|import-error|lost|exited",
        "import raises from then on",
        """
        import builtins
        $DAG
        def refuse(*facts, **more): raise RuntimeError("no imports")
        builtins.__import__ = refuse
        """,
        airflow2="no-dags",
    ),
    Behaviour(
        "import_deleted",
        "ok|import-error|lost|exited",
        "there is no import",
        "import builtins\n$DAG\ndel builtins.__import__",
        airflow2="no-dags",
    ),
    Behaviour(
        "import_wrapped",
        "ok",
        "import does more, as in some tools",
        """
        import builtins
        ordinary = builtins.__import__
        builtins.__import__ = lambda *facts, **more: ordinary(*facts, **more)
        import colorsys
        """,
    ),
    Behaviour(
        "find_and_load_replaced",
        "ok|import-error|lost|exited",
        "importlib's innermost function is gone",
        "import importlib._bootstrap as b\n$DAG\nb._find_and_load = b._gcd_import = None",
    ),
    Behaviour(
        "loader_replaced",
        "ok|import-error",
        "the loader of source files, while it executes this file",
        """
        import importlib.machinery as m
        m.SourceFileLoader.get_code = m.SourceFileLoader.exec_module = None
        m.SourceFileLoader = None
        """,
    ),
    Behaviour(
        "loader_rewrites",
        "ok|import-error|exited",
        "source of other modules is changed while it is read",
        """
        import importlib.machinery as m
        m.SourceFileLoader.get_data = lambda self, path: b"raise SystemExit('rewritten')"
        """,
    ),
    Behaviour(
        "import_lock_kept",
        "ok",
        "the global lock of imports is taken and kept",
        "import _imp; _imp.acquire_lock()",
    ),
    Behaviour(
        "reloads",
        "ok|import-error",
        "reloads what others use",
        "import importlib, json, traceback, warnings\nfor m in (json, traceback, warnings): importlib.reload(m)",
    ),
    Behaviour(
        "reloads_importlib",
        "ok|import-error",
        "reloads the import system",
        "import importlib; importlib.reload(importlib); importlib.reload(importlib._bootstrap_external)",
    ),
    Behaviour("imports_itself", "ok", "the file once more, by its name", "import imports_itself"),
    Behaviour(
        "imports_clean_file", "ok", "another DAG file as a helper", "import aa_clean, zz_clean"
    ),
    Behaviour(
        "changes_helper",
        "ok",
        "the helper of other files, in memory only",
        "import clean_helper; clean_helper.NAMES[:] = []; clean_helper.START = None",
    ),
    Behaviour(
        "imports_dagprof",
        "ok|import-error",
        "dagprof, if it is installed beside Airflow",
        """
        import dagprof, dagprof.cli, dagprof.probe.child, dagprof.model
        dagprof.model.Status = None; dagprof.scan = None
        """,
    ),
    Behaviour(
        "imports_probe",
        "import-error",
        "its private name is taken away",
        "import _dagprof_probe.processes.child",
    ),
    Behaviour(
        "runs_main",
        ANY,
        "starts the probe's own program, or Airflow's",
        "import runpy, sys; sys.argv = ['airflow', 'version']; runpy.run_module('airflow', run_name='__main__')",
    ),
    Behaviour(
        "bytecode_beside",
        "ok",
        "bytecode goes where the user's helper is",
        "import sys; sys.pycache_prefix = None; sys.dont_write_bytecode = False\nimport clean_helper",
        leaves=("dags/__pycache__*",),
    ),
    Behaviour(
        "deep_imports",
        "ok",
        "300 modules that import each other",
        """
        import sys, types
        for number in range(300, 0, -1):
            module = types.ModuleType(f"deep_{number}"); sys.modules[module.__name__] = module
            exec("" if number == 300 else f"import deep_{number + 1}", module.__dict__)
        import deep_1
        """,
    ),
    Behaviour(
        "airflow_version_gone",
        "ok|import-error|lost",
        "Airflow without its facts",
        "import airflow; airflow.__version__ = None; airflow.__file__ = 7; airflow.__path__ = []",
    ),
    Behaviour(
        "frames_emptied",
        FAILS,
        "the globals of all callers are gone",
        """
        import sys
        frame = sys._getframe(1)
        while frame:
            if "__builtins__" in frame.f_globals: frame.f_globals.clear()
            frame = frame.f_back
        """,
    ),
    Behaviour(
        "objects_emptied",
        ANY,
        "all dictionaries of other modules are emptied",
        """
        import gc, os, sys
        for found in gc.get_objects():
            if type(found) is dict:
                if str(found.get("__name__")).startswith(("_dagprof", "airflow.dag")): found.clear()
        """,
    ),
)
