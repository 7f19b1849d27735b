"""Memory: of the process, of its children, at odd moments. Each entry bounds itself below 1.2 GB."""

from hostile.entry import FAILS, Behaviour

MEMORY = (
    Behaviour(
        "hoard",
        "out-of-memory",
        "grows to 1.1 GB",
        "import time; hoard = [b'x' * (1 << 20) for _ in range(1100)]; time.sleep(3)",
    ),
    Behaviour(
        "one_block",
        "out-of-memory",
        "1.1 GB at once",
        "import time; block = b'x' * (1100 << 20); time.sleep(3)",
    ),
    Behaviour(
        "mapped",
        "out-of-memory",
        "an anonymous mapping",
        """
        import mmap, time
        pages = mmap.mmap(-1, 1100 << 20)
        for start in range(0, len(pages), 4096): pages[start] = 1
        time.sleep(3)
        """,
    ),
    Behaviour(
        "untouched",
        "ok",
        "8 GB of addresses without a page behind them",
        "import mmap; pages = mmap.mmap(-1, 8 << 30)",
    ),
    Behaviour(
        "in_memory_file",
        "ok|out-of-memory",
        "300 MB in a memfd, below the limit",
        "import os; f = os.memfd_create('hostile'); os.write(f, b'x' * (300 << 20))",
    ),
    Behaviour(
        "memory_error",
        "out-of-memory|import-error",
        "MemoryError of its own limit",
        """
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        block = bytearray(64 << 30)
        """,
    ),
    Behaviour(
        "raises_memory_error",
        "out-of-memory|import-error",
        "raised by hand",
        "raise MemoryError('not really')",
    ),
    Behaviour(
        "children_hoard",
        "out-of-memory",
        "three children of 350 MB each; the limit covers the whole tree",
        """
        import os, time
        for _ in range(3):
            if os.fork() == 0:
                block = b"x" * (350 << 20); time.sleep(15); os._exit(0)
        time.sleep(4)
        """,
    ),
    Behaviour(
        "detached_child_hoards",
        "out-of-memory",
        "a daemon of its own session grows",
        """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                block = b"x" * (1000 << 20); time.sleep(15)
            os._exit(0)
        os.wait(); time.sleep(4)
        """,
    ),
    Behaviour(
        "subprocess_hoards",
        "out-of-memory",
        "another program grows",
        """
        import subprocess, sys
        code = "import time; block = b'x' * (1000 << 20); time.sleep(15)"
        subprocess.run([sys.executable, "-c", code])
        """,
    ),
    Behaviour(
        "idle_children",
        "ok",
        "eight copies share the pages of their parent: they take next to nothing",
        """
        import os, time
        for _ in range(8):
            if os.fork() == 0:
                time.sleep(1); os._exit(0)
        for _ in range(8): os.wait()
        """,
    ),
    Behaviour(
        "thread_hoards",
        "out-of-memory",
        "another thread grows",
        """
        import threading, time
        hoard = []
        def grow():
            for _ in range(1100): hoard.append(b"x" * (1 << 20))
        threading.Thread(target=grow).start(); time.sleep(4)
        """,
    ),
    Behaviour(
        "spike",
        "ok|out-of-memory",
        "800 MB for a moment",
        "block = b'x' * (800 << 20); del block",
    ),
    Behaviour(
        "grows_at_the_end",
        "out-of-memory|ok",
        "an exit handler grows: 3 waits for it, 2 does not run it",
        "import atexit, time; atexit.register(lambda: (b'x' * (1100 << 20), time.sleep(2)))",
    ),
    Behaviour(
        "inflated",
        "out-of-memory|timed-out",
        "1.1 GB out of 1 MB",
        """
        import time, zlib
        packed = zlib.compress(b"\\0" * (64 << 20))
        parts = [zlib.decompress(packed) for _ in range(17)]; time.sleep(3)
        """,
    ),
    Behaviour(
        "many_objects",
        "out-of-memory|timed-out",
        "small objects in cycles, the collector off",
        """
        import gc, time
        gc.disable()
        class Node: pass
        kept = []
        for _ in range(4_000_000):
            node = Node(); node.me = node; node.load = [0] * 20; kept.append(node)
        time.sleep(3)
        """,
    ),
    Behaviour(
        "big_document",
        "ok",
        "a DAG with 20 MB of documentation",
        "DAG('hostile_big_document', schedule=None, doc_md='d' * 20_000_000)\n$DAG",
        airflow2="ok|no-dags",
    ),
    Behaviour(
        "huge_number",
        "timed-out",
        "a calculation in C that no signal interrupts",
        "value = 9 ** 9 ** 9 % 7",
        airflow2="timed-out|out-of-memory",
    ),
    Behaviour(
        "number_to_text",
        "import-error",
        "Python's limit of digits",
        "print(10 ** 100_000)",
    ),
    Behaviour(
        "answer_flood",
        FAILS,
        "600 MB into the pipe of the result",
        """
        import os
        for number in range(3, 60):
            try:
                if "pipe" in os.readlink(f"/proc/self/fd/{number}"):
                    os.write(number, b"9999999999\\n")
                    for _ in range(600): os.write(number, b"x" * (1 << 20))
            except OSError: pass
        """,
    ),
    Behaviour(
        "own_limits",
        "ok|import-error|out-of-memory",
        "limits itself to what it has",
        """
        import resource
        for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
            resource.setrlimit(kind, (200 << 20, 200 << 20))
        """,
    ),
    Behaviour(
        "out_of_memory_first",
        "ok",
        "asks the kernel to kill it first",
        "open('/proc/self/oom_score_adj', 'w').write('1000')",
    ),
)
