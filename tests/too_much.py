"""DAG files that say or do too much, each with the status that its parse ends with."""

from __future__ import annotations

from support import dag

from dagprof.model import Status


def failing(text: str) -> str:
    """A DAG file that raises."""
    return "# airflow dag\n" + text


LIAR = """
class Text(str):
    def __getitem__(self, key):
        raise RuntimeError("no part of me")
    __len__ = __format__ = __eq__ = __hash__ = __getitem__
class Kind(type):
    @property
    def __name__(cls):
        raise RuntimeError("no name")
class Liar(Exception, metaclass=Kind):
    __class__ = SyntaxError
    __traceback__ = property(lambda self: 1 / 0)
    __cause__ = property(lambda self: Liar())
    def __str__(self):
        return Text("a lie")
    def __bool__(self):
        raise RuntimeError("neither true nor false")
raise Liar()
"""
NO_TEXT = """
class Away(BaseException):
    pass
class Odd(Exception):
    def __str__(self):
        raise Away
raise Odd()
"""
DEEP = """
import sys
sys.setrecursionlimit(200_000)
def down(depth):
    if depth == 0:
        raise ValueError("the bottom")
    down(depth - 1)
down(6000)
"""
CHAIN = """
last = ValueError("the first one")
for number in range(5000):
    error = RuntimeError(str(number))
    error.__cause__, last = last, error
raise last
"""
CYCLE = """
one, other = ValueError("one"), ValueError("other")
one.__context__, other.__context__ = other, one
raise one
"""
BAD_SYNTAX_ERROR = """
error = SyntaxError("made by hand")
error.filename, error.lineno, error.text = "/x.py" * 10_000, 10 ** 5000, "y" * 1_000_000
raise error
"""
MANY_LOOKUPS = """
import os
from airflow.models import Variable
class Odd:
    def __eq__(self, other):
        raise ValueError("the truth value is ambiguous")
for number in range(5600):
    os.environ["AIRFLOW_VAR_KEY_%d" % number] = "1"
    Variable.get("key_%d" % number)
for number in range(5400):
    os.environ.get("NOT_SET_%d" % number)
os.environ.get("N" * 1_000_000)
try:
    Variable.get("odd", Odd())
except ValueError:  # Airflow 3.0 masks the default, as JSON
    pass
"""
MANY_EFFECTS = """
import os, tempfile
folder = tempfile.mkdtemp()
for number in range(2300):
    with open(os.path.join(folder, "f%d" % number), "w"):
        pass
    exec("import sys; value_%d = sys" % number, {})
try:
    open("/" + "p" * 1_000_000, "w")
except OSError:
    pass
try:
    os.system("echo " + "x" * 200_000)
except OSError:
    pass
"""
MANY_IMPORTS = """
def again():
    import json
    import os.path
for number in range(110_000):
    again()
for number in range(1000):
    try:
        import a_module_that_is_missing
    except ImportError:
        pass
"""
WARNINGS = """
import warnings
for number in range(80):
    warnings.warn("%d " % number + "w" * 700, UserWarning)
"""
LOST = """
from airflow import DAG
import datetime
def lose(name):
    DAG(name, start_date=datetime.datetime(2024, 1, 1), schedule=None)
for number in range(1300):
    lose("lost_%d" % number)
"""
INTERPRETER = """
import signal, sys, threading
def settle():
    def trace(*about):
        raise RuntimeError("traced")
    sys.setrecursionlimit(len(sys._current_frames()) + 400)
    sys.setswitchinterval(1e-6)
    sys.setprofile(lambda *about: None)
settle()
for number in range(300):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
"""
# What ends the process when dagprof's own report fails is out of reach.
CLONE = """
import os, sys
frame = sys._getframe()
while frame is not None and not hasattr(frame.f_locals.get("self"), "ending"):
    frame = frame.f_back
frame.f_locals["self"]._failures = None
os._exit = sys.exit = None
"""
TALKS = """
import os, sys
for number in range(20):
    os.write(1, b"o" * 1_000_000)
    sys.stderr.write("e" * 1_000_000)
"""
INTO_THE_PIPE = """
import os, sys, time
def pipes():
    for number in range(3, 60):
        try:
            if "pipe" in os.readlink("/proc/self/fd/%d" % number):
                yield number
        except OSError:
            pass
"""
FLOOD = INTO_THE_PIPE + (
    "for number in pipes():\n    os.write(number, b'9' * 15 + b'\\n')\n"
    "    while True:\n        os.write(number, b'x' * (1 << 20))\n"
)
FLOOD_WITHOUT_A_FRAME = INTO_THE_PIPE + (
    "for number in pipes():\n    while True:\n        os.write(number, b'x' * (1 << 20))\n"
)
HALF_A_FRAME = INTO_THE_PIPE + (
    "for number in pipes():\n    os.write(number, b'1000\\n{')\ntime.sleep(600)\n"
)
GARBAGE = INTO_THE_PIPE + "for number in pipes():\n    os.write(number, b'1\\n{garbage')\n"
MANY_VALUES = INTO_THE_PIPE + (
    "data = b'[' + b'[],' * 9_000_000 + b'[]]'\n"
    "for number in pipes():\n    os.write(number, b'%d\\n' % len(data))\n"
    "    while data:\n        data = data[os.write(number, data):]\n"
    "    os.write(number, b'2\\n{}')\n    os._exit(0)\n"
)
NESTED = INTO_THE_PIPE + (
    "data = b'[' * 100_000 + b']' * 100_000\n"
    "for number in pipes():\n    os.write(number, b'%d\\n' % len(data))\n"
    "    while data:\n        data = data[os.write(number, data):]\n"
    "    os.write(number, b'2\\n{}')\n    os._exit(0)\n"
)
READS_THE_OTHER_END = """
import os, threading
def read(number):
    try:
        end = os.open("/proc/%d/fd/%d" % (os.getppid(), number), os.O_RDONLY | os.O_NONBLOCK)
        while True:
            try:
                os.read(end, 1 << 16)
            except BlockingIOError:
                pass
    except OSError:
        pass
for number in range(3, 40):
    try:
        if "pipe" in os.readlink("/proc/%d/fd/%d" % (os.getppid(), number)):
            threading.Thread(target=read, args=(number,), daemon=True).start()
    except OSError:
        pass
"""
STOPS_ITSELF = "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n"
STOPS_THE_WORKER = (
    "import os, signal, time\nos.kill(os.getppid(), signal.SIGSTOP)\ntime.sleep(600)\n"
)
KEEPS_THE_WORKER_STOPPED = """
import os, signal, time
while True:
    os.kill(os.getppid(), signal.SIGSTOP)
    time.sleep(0.001)
"""
BLOCKED = """
import os, signal, tempfile
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
pipe = os.path.join(tempfile.mkdtemp(), "pipe")
os.mkfifo(pipe)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))
open(pipe).read()
"""
CLOSES_ALL = "import os, time\nos.closerange(0, 200)\ntime.sleep(600)\n"
LEFT_YES = """
import os, subprocess
subprocess.Popen(["yes", "left by too_much.py"], start_new_session=True)
os._exit(4)
"""
QUIET = """
import os, time
def quietly(sleep_s):
    pid = os.fork()
    if pid == 0:
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nothing, number)
        time.sleep(sleep_s)
        os._exit(0)
    return pid
"""
MANY_FORKS = QUIET + "for number in range(60):\n    quietly(600)\n"
SHARED_MEMORY = QUIET + (
    "hoard = bytearray(b'x') * (150 << 20)\n"
    "for pid in [quietly(1) for number in range(8)]:\n    os.waitpid(pid, 0)\ndel hoard\n"
)
MEMORY_IN_CHILDREN = """
import os, threading, time
def grow():
    if os.fork() == 0:
        hoard = bytearray(b"x") * (250 << 20)
        time.sleep(600)
threads = [threading.Thread(target=grow) for number in range(4)]
[thread.start() for thread in threads]
time.sleep(600)
"""
MEMORY_OF_ORPHANS = """
import mmap, os, time
for number in range(4):
    if os.fork() == 0:
        if os.fork() == 0:
            os.setsid()
            area = mmap.mmap(-1, 250 << 20)
            area.write(b"x" * (250 << 20))
            time.sleep(600)
        os._exit(0)
    os.wait()
time.sleep(600)
"""
LIMITS = """
import resource
for name in ("NPROC", "FSIZE", "CORE", "MEMLOCK", "NICE", "RTPRIO"):
    try:
        resource.setrlimit(getattr(resource, "RLIMIT_" + name), (0, 0))
    except (ValueError, OSError):
        pass
"""
# Nothing can be opened any more, also not what the kernel says about this process.
NO_FILES = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
"""
LIMITS_OF_THE_WORKER = """
import os, resource
for name in ("NPROC", "FSIZE", "NOFILE"):
    try:
        resource.prlimit(os.getppid(), getattr(resource, "RLIMIT_" + name), (0, 0))
    except (ValueError, OSError):
        pass
"""
STOPS_THE_ZYGOTE = """
import os, signal
stat = open("/proc/%d/stat" % os.getppid()).read()
os.kill(int(stat.rpartition(")")[2].split()[1]), signal.SIGSTOP)
"""
LARGE_SOURCE = dag("large_source", 'text = "%s"\n' % ("s" * 4_300_000))
MANY_STATEMENTS = dag("many_statements", "\n".join(f"v{n} = {n}" for n in range(20_500)) + "\n")
ONE_LINE = dag("one_line", ";".join(f"v{n}={n}" for n in range(15_000)) + "\n")
MANY_DAGS = """
# airflow dag
import datetime
from airflow import DAG
for number in range(300):
    globals()["dag_%d" % number] = DAG("many_%d" % number, start_date=datetime.datetime(2024, 1, 1), schedule=None)
"""

# By name: the source, and how its parse ends.
ENDING: dict[str, tuple[str, Status]] = {
    "long_message.py": (failing("raise RuntimeError('m' * 5_000_000)"), Status.IMPORT_ERROR),
    "long_type.py": (
        failing("raise type('E' * 5_000_000, (Exception,), {})('x')"),
        Status.IMPORT_ERROR,
    ),
    "liar.py": (failing(LIAR), Status.IMPORT_ERROR),
    "no_text.py": (failing(NO_TEXT), Status.IMPORT_ERROR),
    "deep.py": (failing(DEEP), Status.IMPORT_ERROR),
    "chain.py": (failing(CHAIN), Status.IMPORT_ERROR),
    "cycle.py": (failing(CYCLE), Status.IMPORT_ERROR),
    "bad_syntax_error.py": (failing(BAD_SYNTAX_ERROR), Status.IMPORT_ERROR),
    "lookups.py": (dag("lookups", MANY_LOOKUPS), Status.OK),
    "effects.py": (dag("effects", MANY_EFFECTS), Status.OK),
    "imports.py": (dag("imports", MANY_IMPORTS), Status.OK),
    "warnings.py": (dag("warnings", WARNINGS), Status.OK),
    "lost.py": (dag("lost", LOST), Status.OK),
    "interpreter.py": (dag("interpreter", INTERPRETER), Status.OK),
    "clone.py": (dag("clone", CLONE), Status.EXITED),
    "talks.py": (dag("talks", TALKS), Status.OK),
    "flood.py": (dag("flood", FLOOD), Status.KILLED),
    "flood_2.py": (dag("flood_2", FLOOD_WITHOUT_A_FRAME), Status.KILLED),
    "garbage.py": (dag("garbage", GARBAGE), Status.EXITED),
    "many_values.py": (dag("many_values", MANY_VALUES), Status.EXITED),
    "nested.py": (dag("nested", NESTED), Status.EXITED),
    "left_yes.py": (dag("left_yes", LEFT_YES), Status.EXITED),
    "many_forks.py": (dag("many_forks", MANY_FORKS), Status.OK),
    "shared_memory.py": (dag("shared_memory", SHARED_MEMORY), Status.OK),
    "memory_in_children.py": (dag("memory", MEMORY_IN_CHILDREN), Status.OUT_OF_MEMORY),
    "memory_of_orphans.py": (dag("orphans", MEMORY_OF_ORPHANS), Status.OUT_OF_MEMORY),
    "limits.py": (dag("limits", LIMITS), Status.OK),
    "no_files.py": (dag("no_files") + NO_FILES, Status.OK),
    "limits_of_worker.py": (dag("limits_2", LIMITS_OF_THE_WORKER), Status.KILLED),
    "stops_zygote.py": (dag("stops_zygote", STOPS_THE_ZYGOTE), Status.OK),
    "large_source.py": (LARGE_SOURCE, Status.OK),
    "many_statements.py": (MANY_STATEMENTS, Status.OK),
    "one_line.py": (ONE_LINE, Status.OK),
    "many_dags.py": (MANY_DAGS, Status.OK),
}
# Those that do not end by themselves.
ENDLESS: dict[str, str] = {
    "half_a_frame.py": dag("half", HALF_A_FRAME),
    "stops_itself.py": dag("stops_itself", STOPS_ITSELF),
    "stops_worker.py": dag("stops_worker", STOPS_THE_WORKER),
    "keeps_worker_stopped.py": dag("keeps", KEEPS_THE_WORKER_STOPPED),
    "blocked.py": dag("blocked", BLOCKED),
    "closes_all.py": dag("closes_all", CLOSES_ALL),
    "reads_the_other_end.py": dag("reads", READS_THE_OTHER_END + "import time\ntime.sleep(600)\n"),
}
