"""State of the process: environment, folders, masks, limits, locale, handlers, the interpreter's own."""

from hostile.entry import ANY, Behaviour

STATE = (
    Behaviour("environment_cleared", "ok", "no variables", "import os; os.environ.clear()"),
    Behaviour(
        "odd_environment",
        "ok",
        "names and values that few programs expect",
        r"""
        import os
        os.environ["A\nB"] = "::error::x\x1b[2J"; os.environ["\udcff"] = "\udcfe"
        os.environ["LONG"] = "x" * 100_000; os.environ["<b>"] = "</script>"
        """,
    ),
    Behaviour(
        "airflow_environment",
        "ok",
        "settings of Airflow, after it has read them",
        """
        import os
        os.environ.update(AIRFLOW_HOME="/nonexistent", AIRFLOW_CONFIG="/nonexistent/airflow.cfg",
            AIRFLOW__CORE__DAGS_FOLDER="/", AIRFLOW__CORE__PLUGINS_FOLDER="/tmp",
            AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT="x", AIRFLOW__CORE__EXECUTOR="No.Such",
            AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL="x")
        """,
    ),
    Behaviour(
        "airflow_settings",
        "ok|import-error|lost",
        "settings of Airflow, by its own object",
        """
        from airflow.configuration import conf
        for section in list(conf.sections()):
            if section not in ("core",): conf.remove_section(section)
        conf.set("core", "dagbag_import_timeout", "never"); conf.set("core", "executor", "<b>")
        """,
    ),
    Behaviour(
        "python_environment",
        "ok",
        "variables that a new interpreter obeys",
        """
        import os
        os.environ.update(PYTHONPATH="/nonexistent", PYTHONHOME="/nonexistent", PYTHONSTARTUP="/x",
                          PYTHONINSPECT="1", LD_PRELOAD="/nonexistent.so", TMPDIR="/nonexistent",
                          HOME="/nonexistent", PATH="", PYTHONHASHSEED="x", PYTHONWARNINGS="error")
        """,
    ),
    Behaviour("other_folder", "ok", "another working folder", "import os; os.chdir('/')"),
    Behaviour(
        "folder_removed",
        "ok",
        "a working folder that is gone",
        "import os, tempfile; f = tempfile.mkdtemp(); os.chdir(f); os.rmdir(f)",
    ),
    Behaviour("mask_all", "ok", "files without rights", "import os; os.umask(0o777)"),
    Behaviour("mask_none", "ok", "files for everybody", "import os; os.umask(0)"),
    *(
        Behaviour(
            f"limit_{name.lower()}",
            status,
            why,
            f"import resource\n$DAG\nresource.setrlimit(resource.RLIMIT_{name}, ({limit}, {limit}))",
        )
        for name, limit, status, why in (
            ("NOFILE", 0, "ok|import-error|lost|exited", "no more descriptors"),
            ("FSIZE", 0, "ok", "no more files with content"),
            ("NPROC", 0, "ok", "no more processes"),
            ("STACK", 65536, "ok|killed", "a small stack"),
            ("DATA", 0, "ok|import-error|out-of-memory|lost|exited|killed", "no more memory"),
            ("MEMLOCK", 0, "ok", "no more locked memory"),
        )
    ),
    Behaviour(
        "handlers_ignored",
        "ok",
        "every signal is ignored from then on",
        """
        import signal
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        """,
    ),
    Behaviour(
        "handlers_raise",
        "ok",
        "every signal raises from then on",
        """
        import signal
        def refuse(*facts): raise RuntimeError("signal")
        for number in range(1, 65):
            try: signal.signal(number, refuse)
            except (OSError, ValueError): pass
        """,
    ),
    Behaviour(
        "wakeup_descriptor",
        "ok",
        "signals write a byte into a descriptor",
        """
        import os, signal
        read, write = os.pipe(); os.set_blocking(write, False); signal.set_wakeup_fd(write)
        """,
    ),
    Behaviour(
        "recursion_limit_low",
        "ok|import-error|lost|exited",
        "few calls in each other",
        "import sys\n$DAG\nsys.setrecursionlimit(60)",
    ),
    Behaviour(
        "recursion_limit_high",
        "ok",
        "any number of calls",
        "import sys; sys.setrecursionlimit(2**30)",
    ),
    Behaviour(
        "tracebacks_off",
        "import-error",
        "no frames in tracebacks",
        "import sys; sys.tracebacklimit = 0\n1 / 0",
    ),
    Behaviour(
        "tracebacks_odd",
        "import-error|exited|lost",
        "a limit that is none",
        "import sys; sys.tracebacklimit = 'x'\n1 / 0",
    ),
    Behaviour(
        "interpreter_facts",
        "ok|import-error",
        "what sys says of the interpreter is gone",
        """
        import sys
        sys.argv = None; sys.executable = None; sys.prefix = 7; sys.version = ""; sys.platform = "win32"
        sys.flags = None; sys.byteorder = "middle"; sys.maxsize = 1; sys.orig_argv = []
        """,
        airflow2="ok|import-error",
    ),
    Behaviour(
        "streams_swapped",
        "ok",
        "stdout is stderr and stdin",
        "import sys; sys.stdout, sys.stderr, sys.stdin = sys.stderr, sys.stdin, sys.stdout",
    ),
    Behaviour(
        "time_zone",
        "ok",
        "a time zone that does not exist",
        "import os, time; os.environ['TZ'] = 'Mars/Phobos'; time.tzset()",
    ),
    Behaviour(
        "locale_changed",
        "ok",
        "another locale and encoding",
        """
        import locale, os
        os.environ["LC_ALL"] = "xx_XX"; os.environ["PYTHONIOENCODING"] = "ascii"
        locale.setlocale(locale.LC_ALL, "C")
        """,
    ),
    Behaviour(
        "number_limits",
        "ok",
        "few digits, odd decimals, a known seed",
        """
        import decimal, random, sys
        sys.set_int_max_str_digits(640); decimal.getcontext().prec = 1; random.seed(0)
        """,
    ),
    Behaviour(
        "socket_timeout",
        "ok",
        "sockets that never wait",
        "import socket; socket.setdefaulttimeout(1e-9)",
    ),
    Behaviour(
        "threads_small",
        "ok",
        "threads with a small stack",
        "import threading; threading.stack_size(32768)",
    ),
    Behaviour(
        "start_method",
        "ok",
        "another way to start processes",
        "import multiprocessing; multiprocessing.set_start_method('spawn', force=True)",
    ),
    Behaviour(
        "warnings_are_errors",
        "ok|import-error",
        "every warning raises",
        "import warnings; warnings.simplefilter('error')",
    ),
    Behaviour(
        "filters_broken",
        "ok|import-error|lost|no-dags",
        "filters that are none",
        "import warnings; warnings.filters[:] = [7]; warnings.onceregistry = None",
    ),
    Behaviour(
        "hooks_raise",
        "ok",
        "every hook of sys raises",
        """
        import sys
        def refuse(*facts): raise RuntimeError("hook")
        sys.excepthook = sys.unraisablehook = sys.displayhook = sys.breakpointhook = refuse
        """,
    ),
    Behaviour(
        "faulthandler_on",
        "ok|killed",
        "reports where it stands again and again",
        "import faulthandler; faulthandler.dump_traceback_later(0.01, repeat=True)",
    ),
    Behaviour(
        "nothing_dumped",
        "ok",
        "new group and limits of core files",
        "import os, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
    ),
    Behaviour(
        "globals_odd",
        "ok",
        "its own globals are odd",
        """
        __name__ = 7; __file__ = __file__; __spec__ = __loader__ = __builtins__ = None
        globals()[5] = "a key that is a number"; globals()["<b>\\n"] = object()
        """,
        airflow2="ok|import-error",
    ),
    Behaviour(
        "file_name_gone",
        "import-error|no-dags|lost|exited|killed",
        "its module has no file",
        "$DAG\ndel __file__",
    ),
    Behaviour(
        "file_name_odd",
        "ok|import-error|lost|no-dags|exited|killed",
        "its module is another file",
        "$DAG\n__file__ = '/etc/passwd\\n::error::'",
    ),
    Behaviour(
        "file_name_number",
        "ok|import-error|no-dags|lost|exited|killed",
        "its module's file is a number",
        "$DAG\n__file__ = 7",
    ),
    Behaviour(
        "monitoring",
        "ok|import-error",
        "tools of sys.monitoring, where there is such a thing",
        """
        import sys
        for tool in range(6):
            sys.monitoring.use_tool_id(tool, "hostile")
            sys.monitoring.set_events(tool, sys.monitoring.events.CALL)
        """,
    ),
    Behaviour(
        "memory_written",
        ANY,
        "writes over its own memory",
        "import ctypes; ctypes.memset(id(int), 255, 64)",
    ),
    Behaviour(
        "objects_of_c",
        ANY,
        "counts of references that are wrong",
        """
        import ctypes, sys
        for found in (sys.modules, sys.path, DAG): ctypes.c_long.from_address(id(found)).value = 1
        """,
    ),
)
