"""Ends of the parsing process: exits, signals to itself, handlers that run at the end."""

from hostile.entry import ANY, FAILS, Behaviour

EXITS = (
    Behaviour("exit_zero", "exited", "no result", "import os; os._exit(0)"),
    Behaviour("exit_code", "exited", "no result", "import os; os._exit(255)"),
    Behaviour("exit_after_dag", "exited", "ends before it sends", "$DAG\nimport os; os._exit(4)"),
    Behaviour("sys_exit_text", "exited", "SystemExit", "import sys; sys.exit('bye \\x1b[2J')"),
    Behaviour(
        "sys_exit_object",
        "import-error",
        "SystemExit with a value that cannot be shown",
        """
        class Odd:
            def __str__(self): raise ValueError("no text")
            __repr__ = __str__
        raise SystemExit(Odd())
        """,
        airflow2="exited",
    ),
    Behaviour(
        "system_exit_in_context",
        "exited",
        "SystemExit while a DAG is open",
        "with DAG('hostile_open', schedule=None):\n    raise SystemExit(3)",
    ),
    Behaviour("quit_builtin", "exited|import-error", "site's quit closes stdin first", "quit()"),
    Behaviour("keyboard_interrupt", FAILS, "not an Exception", "raise KeyboardInterrupt('stop')"),
    Behaviour("generator_exit", "import-error", "not an Exception", "raise GeneratorExit"),
    Behaviour(
        "base_exception",
        "import-error",
        "DagBag of 3 catches it; in 2 it ends the process",
        "class Stop(BaseException): pass\nraise Stop('all')",
    ),
    Behaviour("abort", "killed", "SIGABRT", "import os; os.abort()"),
    Behaviour(
        "segfault",
        "killed|timed-out",
        "a handler of Airflow's returns to the same instruction for ever",
        "import ctypes; ctypes.string_at(0)",
    ),
    Behaviour(
        "segfault_default",
        "killed",
        "the default action of SIGSEGV",
        """
        import ctypes, signal
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        ctypes.string_at(0)
        """,
    ),
    Behaviour(
        "bus_error",
        "killed|timed-out",
        "reads a mapped file that became shorter",
        """
        import mmap, os, signal, tempfile
        signal.signal(signal.SIGBUS, signal.SIG_DFL)
        file = tempfile.TemporaryFile()
        file.truncate(1 << 16)
        pages = mmap.mmap(file.fileno(), 1 << 16)
        file.truncate(0)
        pages[5000]
        """,
    ),
    Behaviour("sigkill_itself", "killed", "SIGKILL", "import os; os.kill(os.getpid(), 9)"),
    Behaviour(
        "sigterm_itself",
        "killed|import-error",
        "SIGTERM, with whatever handler Airflow has",
        "import os, time; os.kill(os.getpid(), 15); time.sleep(2)\nraise RuntimeError('alive')",
        airflow2="killed|import-error|exited",
    ),
    Behaviour(
        "sigint_itself",
        FAILS,
        "KeyboardInterrupt or the default action",
        "import os, time; os.kill(os.getpid(), 2); time.sleep(2)\nraise RuntimeError('alive')",
    ),
    Behaviour(
        "sigalrm_itself",
        "timed-out",
        "Airflow's own handler of the import time-out",
        "import os, signal, time; os.kill(os.getpid(), signal.SIGALRM); time.sleep(1)",
    ),
    Behaviour(
        "sigalrm_default",
        "killed",
        "the default action of SIGALRM",
        """
        import os, signal
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGALRM)
        """,
    ),
    Behaviour(
        "sighup_itself",
        "killed",
        "SIGHUP",
        "import os, signal; os.kill(os.getpid(), signal.SIGHUP)",
    ),
    Behaviour(
        "sigchld_itself",
        "ok",
        "ignored by default",
        "import os, signal; os.kill(os.getpid(), signal.SIGCHLD)",
    ),
    Behaviour("realtime_signal", "killed", "signal 40", "import os; os.kill(os.getpid(), 40)"),
    Behaviour(
        "sigstop_itself",
        "timed-out",
        "stopped for ever",
        "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    ),
    Behaviour("own_group", "killed", "SIGKILL to its process group", "import os; os.killpg(0, 9)"),
    Behaviour("group_zero", "killed", "SIGKILL to its process group", "import os; os.kill(0, 9)"),
    Behaviour(
        "exit_in_thread",
        "exited",
        "another thread ends the process",
        """
        import os, threading, time
        threading.Thread(target=lambda: (time.sleep(0.2), os._exit(3))).start()
        time.sleep(20)
        """,
    ),
    Behaviour(
        "exit_in_atexit",
        "ok",
        "3 has sent its DAGs by then; 2 runs no exit handlers",
        "import atexit, os; atexit.register(os._exit, 9)",
    ),
    Behaviour(
        "kill_in_atexit",
        "ok",
        "3 has sent its DAGs by then",
        "import atexit, os; atexit.register(os.kill, os.getpid(), 9)",
    ),
    Behaviour(
        "raise_in_atexit",
        "ok",
        "printed and forgotten",
        """
        import atexit
        for number in range(50):
            atexit.register(int, "x" * 1000)
        atexit.register(exec, "raise SystemExit(7)")
        atexit.register(exec, "raise KeyboardInterrupt")
        """,
    ),
    Behaviour(
        "hang_in_atexit",
        "timed-out",
        "3 waits for exit handlers to its time-out",
        "import atexit, time; atexit.register(time.sleep, 600)",
        airflow2="ok",
    ),
    Behaviour(
        "register_in_atexit",
        "ok|timed-out",
        "a handler that registers itself again, 1,000 times",
        """
        import atexit
        left = [1000]
        def again():
            left[0] -= 1
            if left[0]:
                atexit.register(again)
        atexit.register(again)
        """,
    ),
    Behaviour(
        "exit_in_finaliser",
        "exited",
        "an object ends the process when it is collected",
        """
        import os
        class Bomb:
            def __del__(self): os._exit(5)
        bomb = Bomb()
        del bomb
        """,
    ),
    Behaviour(
        "exit_in_gc_callback",
        "exited",
        "a callback of the collector ends the process",
        "import gc, os; gc.callbacks.append(lambda *facts: os._exit(6)); gc.collect()",
    ),
    Behaviour(
        "exec_true", "exited", "another program", "import os; os.execv('/bin/true', ['true'])"
    ),
    Behaviour(
        "exec_sleep",
        "timed-out",
        "another program that does not end",
        "import os; os.execv('/bin/sleep', ['sleep', '600'])",
    ),
    Behaviour(
        "exec_yes",
        "timed-out",
        "another program that writes without end",
        "import os; os.execvp('yes', ['yes'])",
    ),
    Behaviour(
        "exec_python",
        "exited",
        "another interpreter in the same process",
        "import os, sys; os.execv(sys.executable, ['python', '-c', 'print(1)'])",
    ),
    Behaviour(
        "faulthandler_exit",
        "exited",
        "faulthandler's watchdog",
        "import faulthandler, time; faulthandler.dump_traceback_later(0.3, exit=True); time.sleep(20)",
    ),
    Behaviour(
        "xcpu",
        "killed|timed-out",
        "SIGXCPU from its own limit of CPU time",
        """
        import resource
        used = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
        resource.setrlimit(resource.RLIMIT_CPU, (used + 1, used + 2))
        while True: pass
        """,
    ),
    Behaviour(
        "seccomp",
        "killed",
        "strict seccomp: the next call of the system kills",
        "import ctypes; ctypes.CDLL(None).prctl(22, 1, 0, 0, 0)",
    ),
    Behaviour(
        "trace_me",
        ANY,
        "stops at each signal, and its parent hears of the stop as of an end",
        """
        import ctypes, os, signal
        ctypes.CDLL(None).ptrace(0, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGUSR1)
        """,
    ),
    Behaviour(
        "unlimited_recursion",
        FAILS,
        "the memory limit or the C stack ends it",
        """
        import sys
        sys.setrecursionlimit(2**31 - 1)
        def down(depth): return [down(depth + 1)]
        down(0)
        """,
    ),
    Behaviour("recursion", "import-error", "RecursionError", "def down(): down()\ndown()"),
    Behaviour(
        "core_dump",
        "killed",
        "a core file may be written where the parse runs",
        """
        import os, resource
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
        os.abort()
        """,
        leaves=("cwd/core*", "dags/core*"),
    ),
)
