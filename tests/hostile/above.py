"""What a file can do to the processes above it: kill, stop, limit and slow them. All end within 60 s."""

from hostile.entry import ANY, Behaviour

_QUIET = "stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL"
_PARENTS = """
import os, signal, time
def parent(pid):
    return int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])
worker = os.getppid(); zygote = parent(worker)
# Once the zygote is gone, the process above a worker may be any.
if b"zygote" not in open(f"/proc/{zygote}/cmdline", "rb").read(): os._exit(1)
"""

ABOVE = (
    Behaviour(
        "orphan",
        "killed",
        "a daemon whose file kills the worker and the zygote",
        _PARENTS
        + """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: time.sleep(60)
    os._exit(0)
time.sleep(0.2); os.kill(zygote, 9); os.kill(worker, 9); time.sleep(3)
""",
    ),
    Behaviour(
        "kills_worker",
        "killed",
        "the process above",
        _PARENTS + "os.kill(worker, 9); time.sleep(30)",
    ),
    Behaviour(
        "kills_zygote",
        ANY,
        "the process above that",
        _PARENTS + "os.kill(zygote, 9); time.sleep(1)",
    ),
    Behaviour(
        "kills_workers_group",
        "killed",
        "the group of the processes above",
        _PARENTS + "os.killpg(os.getpgid(worker), 9); time.sleep(30)",
    ),
    Behaviour(
        "kills_siblings",
        "killed",
        "everything that the zygote has started",
        _PARENTS
        + """
for text in open(f"/proc/{zygote}/task/{zygote}/children").read().split(): os.kill(int(text), 9)
time.sleep(30)
""",
    ),
    *(
        Behaviour(
            f"{name.lower()}_worker",
            ANY,
            "a signal to the process above",
            _PARENTS + f"os.kill(worker, signal.{name}); time.sleep(0.3)",
        )
        for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGSEGV", "SIGALRM", "SIGUSR1", "SIGCHLD")
    ),
    Behaviour(
        "stops_worker",
        ANY,
        "the worker can neither watch nor answer",
        _PARENTS + "os.kill(worker, signal.SIGSTOP); time.sleep(30)",
    ),
    Behaviour(
        "stops_worker_and_goes_on",
        ANY,
        "the worker cannot answer",
        _PARENTS + "os.kill(worker, signal.SIGSTOP)",
    ),
    Behaviour(
        "stops_zygote",
        ANY,
        "the zygote can fork no worker",
        _PARENTS + "os.kill(zygote, signal.SIGSTOP)",
    ),
    Behaviour(
        "traces_worker",
        ANY,
        "the worker stands still while it is traced",
        _PARENTS
        + """
import ctypes
ctypes.CDLL(None).ptrace(16, worker, 0, 0); time.sleep(30)
""",
    ),
    *(
        Behaviour(
            f"limits_worker_{name.lower()}",
            ANY,
            "limits of the process above, which lives on",
            _PARENTS
            + f"""
import resource
resource.prlimit(worker, resource.RLIMIT_{name}, ({limit}, {limit}))
""",
        )
        for name, limit in (("NOFILE", 3), ("CPU", 0), ("AS", 1 << 20), ("FSIZE", 0), ("NPROC", 0))
    ),
    Behaviour(
        "limits_zygote",
        ANY,
        "limits of the process that forks the workers",
        _PARENTS
        + """
import resource
resource.prlimit(zygote, resource.RLIMIT_NOFILE, (3, 3))
resource.prlimit(zygote, resource.RLIMIT_AS, (1 << 20, 1 << 20)); os.kill(worker, 9)
""",
    ),
    Behaviour(
        "slows_worker",
        "ok|killed",
        "the lowest priority for the processes above",
        _PARENTS
        + """
for pid in (worker, zygote):
    os.setpriority(os.PRIO_PROCESS, pid, 19)
    os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
""",
    ),
    Behaviour(
        "joins_workers_group",
        "ok",
        "moves into the process group of the worker, and leaves a program there",
        _PARENTS
        + f"""
import subprocess
os.setpgid(0, os.getpgid(worker))
subprocess.Popen(['sleep', '60'], {_QUIET})
""",
    ),
)
