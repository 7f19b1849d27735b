"""Time and threads: hangs that resist, clocks that lie, threads that stay."""

from hostile.entry import ANY, Behaviour

CLOCKS = (
    Behaviour("sleeps", "timed-out", "never wakes", "import time; time.sleep(1e6)"),
    Behaviour("spins", "timed-out", "never ends", "while True: pass"),
    Behaviour(
        "swallows_everything",
        "timed-out",
        "catches Airflow's time-out too",
        """
        import time
        while True:
            try: time.sleep(60)
            except BaseException: pass
        """,
    ),
    Behaviour(
        "ignores_signals",
        "timed-out",
        "all signals that can be ignored",
        """
        import signal, time
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        time.sleep(1e6)
        """,
    ),
    Behaviour(
        "blocks_signals",
        "timed-out",
        "all signals blocked",
        """
        import signal, time
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        time.sleep(1e6)
        """,
    ),
    Behaviour("waits_for_signal", "timed-out", "pause", "import signal; signal.pause()"),
    Behaviour(
        "deadlock",
        "timed-out",
        "a lock that it holds",
        "import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()",
    ),
    Behaviour(
        "import_deadlock",
        "ok|timed-out",
        "a thread that imports holds its module's lock",
        """
        import importlib._bootstrap as b, threading, time
        def hold():
            with b._ModuleLockManager("colorsys"): time.sleep(600)
        threading.Thread(target=hold, daemon=True).start(); time.sleep(0.2)
        import colorsys
        """,
    ),
    Behaviour(
        "regular_expression",
        "timed-out",
        "backtracks for ever",
        "import re; re.match(r'(a|a|a)+$', 'a' * 60 + 'b')",
    ),
    Behaviour(
        "listens",
        "timed-out",
        "waits for a connection",
        "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); s.accept()",
    ),
    Behaviour(
        "reads_fifo",
        "timed-out",
        "opens a pipe that nobody writes to",
        """
        import os, tempfile
        with tempfile.TemporaryDirectory() as folder:
            os.mkfifo(folder + "/pipe"); open(folder + "/pipe").read()
        """,
        leaves=("tmp/tmp*",),
    ),
    Behaviour(
        "event_loop",
        "timed-out",
        "an event loop that goes on",
        "import asyncio; asyncio.new_event_loop().run_forever()",
    ),
    Behaviour(
        "waits_for_program",
        "timed-out",
        "its program is ended with it",
        "import subprocess; subprocess.run(['sleep', '600'])",
    ),
    Behaviour(
        "hangs_in_finaliser",
        "timed-out",
        "an object that does not go",
        """
        import time
        class Stay:
            def __del__(self): time.sleep(600)
        stay = Stay(); del stay
        """,
    ),
    Behaviour(
        "just_in_time",
        "ok",
        "two seconds of six",
        "import time; time.sleep(2)",
    ),
    Behaviour(
        "alarm_of_its_own",
        "ok",
        "takes the timer that Airflow uses",
        """
        import signal, time
        signal.signal(signal.SIGALRM, lambda *facts: None)
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        time.sleep(0.5)
        """,
    ),
    Behaviour(
        "alarm_that_raises",
        "import-error",
        "a handler of its own",
        """
        import signal, time
        def ring(*facts): raise ValueError("ring")
        signal.signal(signal.SIGALRM, ring); signal.alarm(1); time.sleep(5)
        """,
    ),
    Behaviour(
        "alarm_left_on",
        "ok|import-error|killed|exited",
        "goes off when the parse has ended",
        """
        import signal
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_VIRTUAL, 3)
        """,
    ),
    Behaviour(
        "raises_task_timeout",
        "timed-out|import-error",
        "Airflow's own exception, raised by hand",
        "from airflow.exceptions import AirflowTaskTimeout\nraise AirflowTaskTimeout('x')",
    ),
    Behaviour(
        "named_like_time_out",
        "import-error",
        "an exception of its own with the name of Airflow's",
        "class AirflowTaskTimeout(Exception): pass\nraise AirflowTaskTimeout('mine')",
    ),
    Behaviour(
        "named_like_memory_error",
        "import-error",
        "an exception of its own with the name of a built-in",
        "class MemoryError(Exception): pass\nraise MemoryError('mine')",
    ),
    Behaviour(
        "named_like_exit",
        "import-error",
        "an exception of its own with the name of a built-in",
        "class SystemExit(Exception): pass\nraise SystemExit('mine')",
    ),
    Behaviour("time_stands", "ok", "one moment for ever", "import time; time.time = lambda: 1e9"),
    Behaviour(
        "time_runs_back",
        "ok",
        "every clock runs back",
        """
        import time
        moment = [1e9]
        def back(*facts): moment[0] -= 1000; return moment[0]
        time.time = time.monotonic = time.perf_counter = time.process_time = time.thread_time = back
        time.perf_counter_ns = time.process_time_ns = lambda: int(back())
        """,
        airflow2="ok|import-error",
    ),
    Behaviour(
        "time_is_text",
        "ok|import-error|lost",
        "clocks that give text",
        """
        import time
        time.time = time.monotonic = time.perf_counter = time.process_time = lambda: "late"
        """,
    ),
    Behaviour(
        "time_not_finite",
        "ok|import-error|lost",
        "clocks that give NaN and infinity",
        """
        import time
        time.time = time.monotonic = lambda: float("inf")
        time.perf_counter = time.process_time = time.thread_time = lambda: float("nan")
        """,
    ),
    Behaviour(
        "clocks_deleted",
        "ok|import-error|lost",
        "no clocks at all",
        """
        import time
        for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time",
                     "perf_counter_ns", "process_time_ns", "sleep"):
            delattr(time, name)
        """,
    ),
    Behaviour(
        "datetime_replaced",
        "ok|import-error|lost",
        "a class that derives from datetime, as libraries of tests have it",
        """
        import datetime
        class Frozen(datetime.datetime):
            @classmethod
            def now(cls, tz=None): return cls(1970, 1, 1, tzinfo=tz)
            utcnow = now
        datetime.datetime = Frozen
        """,
    ),
    Behaviour(
        "thread_stays",
        "ok",
        "3 does not wait for threads; 2 had stored the DAGs",
        "import threading, time; threading.Thread(target=time.sleep, args=(600,)).start()",
    ),
    Behaviour(
        "thread_spins",
        "ok",
        "a daemon thread that takes a processor",
        """
        import threading
        def spin():
            while True: pass
        threading.Thread(target=spin, daemon=True).start()
        """,
    ),
    Behaviour(
        "many_threads",
        "ok",
        "200 threads",
        """
        import threading, time
        for _ in range(200): threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
        """,
    ),
    Behaviour(
        "thread_raises",
        "import-error",
        "threading refuses to start a thread without a hook",
        """
        import threading
        threading.Thread(target=lambda: 1 / 0).start()
        threading.excepthook = None
        threading.Thread(target=lambda: 1 / 0).start()
        """,
    ),
    Behaviour(
        "thread_forks",
        "ok",
        "a thread forks, and its copy ends",
        """
        import os, threading
        def fork():
            if os.fork() == 0: os._exit(0)
            os.wait()
        thread = threading.Thread(target=fork); thread.start(); thread.join()
        """,
    ),
    Behaviour(
        "thread_imports",
        "ok",
        "ten threads import the same modules",
        """
        import importlib, threading
        names = ["colorsys", "wave", "sndhdr", "tabnanny", "pyclbr", "turtledemo"]
        def load():
            for name in names:
                try: importlib.import_module(name)
                except ImportError: pass
        threads = [threading.Thread(target=load) for _ in range(10)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        """,
    ),
    Behaviour(
        "thread_changes_modules",
        "ok",
        "a thread adds and removes modules all the time",
        """
        import sys, threading, types
        def change():
            for number in range(10_000_000):
                sys.modules[f"odd_{number % 999}"] = types.ModuleType("odd")
                sys.modules.pop(f"odd_{(number + 500) % 999}", None)
        threading.Thread(target=change, daemon=True).start()
        """,
        airflow2="ok|import-error",
    ),
    Behaviour(
        "switch_interval",
        "ok",
        "threads that never give way",
        "import sys; sys.setswitchinterval(1000)",
    ),
    Behaviour(
        "one_processor",
        "ok",
        "one processor, idle priority, for itself",
        """
        import os
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); os.nice(19)
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        """,
    ),
    Behaviour(
        "trace_function",
        "ok",
        "a trace function that sees every line",
        "import sys; sys.settrace(lambda *facts: None)",
    ),
    Behaviour(
        "trace_function_raises",
        ANY,
        "a trace function that raises",
        """
        import sys
        def trace(*facts): raise RuntimeError("traced")
        sys.settrace(trace)
        """,
    ),
    Behaviour(
        "profile_function_exits",
        "exited",
        "a profile function that ends the process at the next call",
        """
        import os, sys
        sys.setprofile(lambda *facts: os._exit(8))
        len("x")
        """,
    ),
)
