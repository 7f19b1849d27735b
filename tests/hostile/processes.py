"""Processes that a file starts: copies, daemons, programs, pools. All end within 60 s."""

from hostile.entry import Behaviour

_QUIET = "stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL"
PROCESSES = (
    Behaviour("forks", "ok", "a copy that parses too", "import os; os.fork()"),
    Behaviour(
        "forks_often",
        "ok",
        "32 copies that parse too",
        "import os\nfor _ in range(5): os.fork()",
    ),
    Behaviour(
        "original_exits", "exited|ok", "the copy goes on", "import os\nos.fork() and os._exit(0)"
    ),
    Behaviour(
        "original_waits",
        "timed-out",
        "the copy ends with a DAG, the original does not",
        "import os, time\nif os.fork(): time.sleep(600)",
    ),
    Behaviour(
        "zombies",
        "ok",
        "100 children that nobody waits for",
        "import os\nfor _ in range(100):\n    if os.fork() == 0: os._exit(0)",
    ),
    Behaviour(
        "waits_for_none", "import-error", "ChildProcessError", "import os; os.waitpid(-1, 0)"
    ),
    Behaviour(
        "ignores_children",
        "ok",
        "the system reaps its children",
        "import os, signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)\nos.system('true')",
    ),
    Behaviour(
        "holds_output",
        "held",
        "a program keeps the output of the parse open",
        "import subprocess; subprocess.Popen(['sleep', '60'])",
        airflow2="ok",
    ),
    Behaviour(
        "holds_for_a_second",
        "ok",
        "a program keeps the output open for a second",
        "import subprocess; subprocess.Popen(['sleep', '1'])",
    ),
    Behaviour(
        "floods_after",
        "held",
        "a program writes without end into the output of the parse",
        "import subprocess; subprocess.Popen(['yes'])",
        airflow2="ok",
    ),
    Behaviour(
        "exits_and_leaves_flood",
        "exited",
        "the end of the process counts, not the program it leaves",
        "import os, subprocess; subprocess.Popen(['yes'], start_new_session=True); os._exit(4)",
    ),
    Behaviour(
        "quiet_program",
        "ok",
        "a program in a session of its own, with no stream of the parse",
        f"import subprocess\nsubprocess.Popen(['sleep', '60'], start_new_session=True, {_QUIET})",
    ),
    Behaviour(
        "quiet_daemon",
        "ok",
        "forks twice, as daemons do",
        """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.closerange(0, 64); time.sleep(60)
            os._exit(0)
        os.wait()
        """,
    ),
    Behaviour(
        "stubborn_daemon",
        "ok",
        "a daemon that ignores what can be ignored",
        """
        import os, signal, time
        if os.fork() == 0:
            os.setsid(); os.closerange(0, 64)
            for number in range(1, 65):
                try: signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError): pass
            time.sleep(60); os._exit(0)
        time.sleep(0.1)
        """,
    ),
    Behaviour(
        "hydra",
        "ok",
        "two processes that start each other again, for 20 s",
        """
        import os, time
        end = time.monotonic() + 20
        def head():
            os.setsid(); os.closerange(0, 64)
            while time.monotonic() < end:
                pid = os.fork()
                if pid == 0:
                    os.setsid(); other = os.getppid()
                    while os.getppid() == other and time.monotonic() < end: time.sleep(0.001)
                    continue
                os.waitpid(pid, 0)
            os._exit(0)
        if os.fork() == 0: head()
        time.sleep(0.1)
        """,
    ),
    Behaviour(
        "subreaper",
        "ok",
        "inherits its orphans itself",
        """
        import ctypes, os, time
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
        if os.fork() == 0:
            if os.fork() == 0:
                os.closerange(0, 64); time.sleep(60)
            os._exit(0)
        os.wait()
        """,
    ),
    Behaviour(
        "not_dumpable",
        "ok",
        "hides what /proc shows of it",
        "import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)",
    ),
    Behaviour(
        "renamed",
        "ok",
        "a name with a line end and brackets",
        "import ctypes; ctypes.CDLL(None).prctl(15, b') R 1 1 (\\n', 0, 0, 0)",
    ),
    Behaviour(
        "other_user",
        "ok|import-error",
        "gives its rights away",
        "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534)",
    ),
    Behaviour(
        "other_root",
        "ok|import-error|lost",
        "an empty folder as its root",
        "import os, tempfile; os.chroot(tempfile.mkdtemp())",
        leaves=("tmp/tmp*",),
    ),
    Behaviour(
        "other_namespaces",
        "ok|import-error",
        "namespaces of its own for processes, mounts, network and names",
        """
        import ctypes, os
        ctypes.CDLL(None).unshare(0x20000000 | 0x00020000 | 0x40000000 | 0x04000000)
        if os.fork() == 0: os._exit(0)
        os.wait()
        """,
    ),
    Behaviour(
        "multiprocessing_left",
        "held|timed-out",
        "workers of multiprocessing that nobody joins",
        """
        import multiprocessing, time
        for _ in range(3): multiprocessing.Process(target=time.sleep, args=(60,)).start()
        """,
        airflow2="ok|timed-out|held",
    ),
    Behaviour(
        "pool_left",
        "held|ok|timed-out",
        "a pool that nobody closes",
        "import multiprocessing; pool = multiprocessing.get_context('fork').Pool(3)",
        airflow2="ok|timed-out|held",
    ),
    Behaviour(
        "executor_left",
        "held|timed-out",
        "an executor of processes that works on",
        """
        import concurrent.futures, multiprocessing, time
        executor = concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context("fork"))
        future = executor.submit(time.sleep, 60)
        """,
        airflow2="ok|timed-out|held",
    ),
    Behaviour(
        "manager_left",
        "held|ok",
        "a manager of shared objects",
        "import multiprocessing; manager = multiprocessing.get_context('fork').Manager()",
    ),
    Behaviour(
        "shared_memory_left",
        "held|ok",
        "a block that only the resource tracker would remove",
        """
        from multiprocessing import shared_memory
        block = shared_memory.SharedMemory("hostile_block", create=True, size=4096)
        """,
        leaves=("shm/hostile_block",),
    ),
    Behaviour(
        "spawned_with_rights",
        "ok",
        "posix_spawn with a group of its own",
        """
        import os
        null = os.open(os.devnull, os.O_RDWR)
        os.posix_spawn("/bin/sleep", ["sleep", "60"], os.environ, setpgroup=0,
                       file_actions=[(os.POSIX_SPAWN_DUP2, null, n) for n in (0, 1, 2)])
        """,
    ),
    Behaviour(
        "shell_jobs",
        "ok",
        "a shell with jobs in the background",
        "import os; os.system('(sleep 60 & sleep 60 &) </dev/null >/dev/null 2>&1')",
    ),
)
