"""Records processes that user code starts and how long it waits for them, threads that still run at
the end, and sleeps.
"""

from __future__ import annotations

import functools
import itertools
import os
import re
import sys
import weakref
from types import ModuleType
from typing import TYPE_CHECKING, Iterable

from .. import bounds
from ..system.clocks import perf_counter_ns
from .callers import STARTED_AT
from .late import LatePatches, replace
from .ledger import Ledger
from .steady import steady

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess
    from subprocess import Popen
    from threading import Thread

    from .events import Arguments, Handlers, Key

# A word of a command line with one of these is shown in quotes.
_NEEDS_QUOTES = re.compile(r"[\s'\"]|^$")
_STARTED = "_dagprof_started"
# With the spaces between them, more arguments than fit into a row.
_ARGUMENTS = bounds.WHAT


class ProcessWatch:
    """Audit events show the start of programs. ``subprocess`` shows their end."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._running: list[tuple[Key, weakref.ref[Popen[bytes]]]] = []
        self._threads: list[tuple[Key, weakref.ref[Thread]]] = []

    def events(self) -> Handlers:
        return {
            "subprocess.Popen": self._on_popen,
            "os.system": lambda args: self._note(command_text(args[0])),
            "os.exec": lambda args: self._note(command_text(args[1])),
            "os.posix_spawn": self._on_spawn,
            "os.fork": lambda args: self._note("fork"),
            "os.forkpty": lambda args: self._note("fork"),
            "time.sleep": self._on_sleep,
        }

    def install(self, late: LatePatches) -> None:
        late.add("subprocess", self._patch_subprocess)
        late.add("multiprocessing.process", self._patch_multiprocessing)
        late.add("os", self._patch_os)
        late.add("time", self._patch_time)
        late.add("threading", self._patch_threading)

    def _note(self, what: str) -> Key | None:
        return self._ledger.note("process", steady(what))

    def _on_popen(self, args: Arguments) -> None:
        key = self._note(command_text(args[1]))
        process = sys._getframe(2).f_locals.get("self")
        if key is not None and process is not None:
            setattr(process, _STARTED, (key, perf_counter_ns()))
            if len(self._running) >= bounds.STARTED:
                self._running = [entry for entry in self._running if _is_open(entry[1]())]
            if len(self._running) < bounds.STARTED:
                self._running.append((key, weakref.ref(process)))

    def _on_spawn(self, args: Arguments) -> None:
        if sys._getframe(2).f_globals.get("__name__") != "subprocess":
            self._note(command_text(args[1]))

    def _on_sleep(self, args: Arguments) -> None:
        """A sleep through a name that was bound before ``time.sleep`` was replaced."""
        key = self._ledger.note("sleep", "time.sleep")
        self._ledger.spend_from_now(key, int(args[0] * 1e9))

    def _patch_subprocess(self, module: ModuleType) -> None:
        ordinary = module.Popen._handle_exitstatus

        @functools.wraps(ordinary)
        def handle_exitstatus(process: Popen[bytes], *args: object, **kwargs: object) -> object:
            key, started = process.__dict__.pop(_STARTED, (None, 0))
            self._ledger.spend(key, perf_counter_ns() - started)
            return ordinary(process, *args, **kwargs)

        module.Popen._handle_exitstatus = handle_exitstatus

    def _patch_multiprocessing(self, module: ModuleType) -> None:
        owner = module.BaseProcess
        starting, joining = owner.start, owner.join

        @functools.wraps(starting)
        def start(process: BaseProcess) -> None:
            what = name_of(getattr(process, "_target", None) or type(process))
            setattr(process, _STARTED, what)
            self._ledger.timed("process", "multiprocessing " + what, starting, process)

        @functools.wraps(joining)
        def join(process: BaseProcess, *args: object, **kwargs: object) -> None:
            what = "multiprocessing join " + getattr(process, _STARTED, "")
            self._ledger.timed("process", what, joining, process, *args, **kwargs)

        owner.start, owner.join = start, join

    def _patch_os(self, module: ModuleType) -> None:
        ordinary = module.system

        def system(command: str) -> object:
            return self._ledger.timed("process", steady(command_text(command)), ordinary, command)

        replace(module, "system", system)

    def _patch_time(self, module: ModuleType) -> None:
        ordinary = module.sleep
        replace(
            module,
            "sleep",
            lambda *args: self._ledger.timed("sleep", "time.sleep", ordinary, *args),
        )

    def _patch_threading(self, module: ModuleType) -> None:
        ordinary = module.Thread.start

        @functools.wraps(ordinary)
        def start(thread: Thread) -> None:
            self._watch_thread(thread)
            ordinary(thread)

        module.Thread.start = start

    def _watch_thread(self, thread: Thread) -> None:
        what = name_of(getattr(thread, "_target", None) or type(thread))
        key = self._ledger.note("thread", what)
        if key is not None:
            setattr(thread, STARTED_AT, key[2:])
            if len(self._threads) >= bounds.STARTED:
                self._threads = [entry for entry in self._threads if _is_alive(entry[1]())]
            if len(self._threads) < bounds.STARTED:
                self._threads.append((key, weakref.ref(thread)))

    def finish(self) -> None:
        """Report what still runs at the end. Threads that have ended are not an effect."""
        for key in {key for key, _ in self._threads}:
            self._ledger.drop(key)
        for key, reference in self._threads:
            if _is_alive(reference()):
                self._ledger.add(*key)
        for key, program in self._running:
            process = program()
            if process is not None and _is_open(process) and _is_running(process.pid):
                self._ledger.mark_running(key)


def _is_alive(thread: Thread | None) -> bool:
    return thread is not None and thread.is_alive()


def _is_open(process: Popen[bytes] | None) -> bool:
    """Whether nobody has fetched its exit code."""
    return process is not None and process.returncode is None


def _is_running(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except (OSError, TypeError, AttributeError):  # macOS has no waitid before Python 3.13
        return False


def name_of(target: object) -> str:
    """The function that a thread, a process or a handler runs, with its module if that is
    informative.
    """
    try:
        target = getattr(target, "func", target)
        name = getattr(target, "__qualname__", None) or type(target).__qualname__
        module = getattr(target, "__module__", None) or ""
    except Exception:  # properties of the user's class
        name = module = ""
    if not (isinstance(name, str) and isinstance(module, str) and name):
        name, module = bounds.type_name(target), ""
    name, module = (bounds.cut(bounds.plain(text), bounds.NAME) for text in (name, module))
    is_known = not module or module.startswith(("unusual_prefix_", "builtins"))
    return name if is_known else "%s.%s" % (module, name)


def command_text(command: str | bytes | os.PathLike[str] | Iterable[object] | None) -> str:
    """The beginning of a command line as a shell takes it, so that the end of each argument stays
    visible.
    """
    if isinstance(command, (str, bytes, os.PathLike)):
        return _beginning(command)
    return " ".join(map(_quoted, itertools.islice(command or (), _ARGUMENTS)))


def _beginning(argument: object) -> str:
    """The beginning of an argument. The ledger cuts longer texts anyway."""
    is_name = isinstance(argument, (str, bytes, os.PathLike))
    text = os.fsdecode(argument) if is_name else bounds.plain(argument)  # type: ignore[arg-type]
    return text[: bounds.WHAT + 1]


def _quoted(argument: object) -> str:
    text = _beginning(argument)
    if not _NEEDS_QUOTES.search(text):
        return text
    return "'%s'" % text.replace("'", "'\\''")
