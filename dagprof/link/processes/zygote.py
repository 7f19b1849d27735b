"""The parent's side of the probe: starts the zygote, asks it, gets workers from it, ends it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import msgspec

from dagprof.errors import DagprofError, MeasurementError
from dagprof.link import interpreter, reading, refusals
from dagprof.link.masking import Masking
from dagprof.link.messages.zygote import (
    AirflowFacts,
    CannotBegin,
    Failed,
    Fault,
    Forked,
    Listing,
    ProbeConfig,
    Ready,
)
from dagprof.link.processes import launching
from dagprof.link.processes.conversation import ConnectionLost, Conversation, Garbled
from dagprof.link.processes.output import LastOutput
from dagprof.link.processes.workers import WorkerConversation, wake
from dagprof.link.strays import Strays
from dagprof.link.target import PROBE, Target
from dagprof.model import Plugin

# Until Airflow and its plugins are imported.
_START_LIMIT_S = 300.0
# For one answer: the listing of a large folder, or the import of all modules that its files name.
_ASK_LIMIT_S = 600.0
_FORK_LIMIT_S = 60.0
# For the zygote to kill its children and remove its scratch folder. After that dagprof kills the
# zygote.
_END_LIMIT_S = 5.0
# To wait for the exit code, after the connection is lost.
_EXIT_LIMIT_S = 2.0
_MOST_WORDS = 300  # characters of the zygote's last line
# Advice if no process can be forked. Spawn isolation does not help: it also forks, before it starts
# an interpreter.
FORKS = (
    "dagprof parses each file in a forked process. Raise the process limit, or use --python to"
    " choose an interpreter where os.fork works."
)
_PLUGINS = (
    "A plugin or airflow_local_settings.py may be the cause. To rule out plugins, pass an empty"
    " folder to --plugins."
)
_Answer = TypeVar("_Answer", bound=msgspec.Struct)
_NOTHING: Mapping[str, object] = MappingProxyType({})


def _exit(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


class CannotStart(MeasurementError):
    """dagprof cannot measure with this interpreter. The message gives the reason and the next
    step.
    """

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class Zygote:
    """A running probe. Use it as a context manager, so that no process stays behind."""

    def __init__(self, target: Target, config: ProbeConfig) -> None:
        self._target = target
        self._config = config
        others = target.project.others if target.project is not None else {}
        self._masking = Masking(target.environment, config, others)
        self.airflow = AirflowFacts()
        self.trouble = ""
        self.plugins: tuple[Plugin, ...] = ()
        self.python_version = ""
        self.executable = ""
        self._began = time.monotonic()
        self._output = LastOutput()
        ours, theirs = socket.socketpair()
        try:
            self._process = launching.launched(
                [str(target.python), str(PROBE / "__main__.py"), "zygote", str(theirs.fileno())],
                inherited=theirs.fileno(),
                output=self._output.writing_end,
                environment=target.environment,
            )
        except DagprofError:
            ours.close()
            raise
        finally:
            # Only the probe keeps these ends, so its death is an end of file here.
            theirs.close()
            self._output.close_writing_end()
        self._strays = Strays(self._process.pid, str(target.scratch))
        self._control = Conversation(ours, self._masking)

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def wait_until_ready(self) -> None:
        """Wait until Airflow is imported.

        :raises CannotStart: Airflow is missing, cannot be imported or is not supported, or no
            process can be forked.
        :raises MeasurementError: the process ended or does not answer.
        """
        try:
            self._control.send({"op": "start", **self._config})
            if self._target.python != Path(sys.executable):
                # Takes no extra time, because the probe is importing Airflow. ``yes`` would run
                # until the time limit.
                self._check_interpreter()
            answer = self._control.answer(_START_LIMIT_S, Ready, CannotBegin)
        except Garbled:
            raise MeasurementError(self._why_garbled()) from None
        except ConnectionLost:
            self._check_interpreter()
            raise MeasurementError(self._why_not_ready()) from None

        if isinstance(answer, CannotBegin):
            raise CannotStart(answer.fault, self._explain(answer.fault, answer.reason))
        self.airflow = answer.airflow
        self.trouble = answer.trouble
        self.plugins = self._masking.plugins(reading.plugins(answer))
        self.python_version, self.executable = answer.python, answer.executable

    def _check_interpreter(self) -> None:
        try:
            interpreter.check(self._target.python)
        except DagprofError:
            self._process.kill()  # it cannot understand the stop message
            raise

    def _explain(self, fault: Fault, reason: str) -> str:
        if fault is Fault.UNSUPPORTED:
            return reason
        if fault is Fault.NO_FORK:
            return f"os.fork fails in {self._target.python} ({reason}). {FORKS}"
        if fault is Fault.NO_AIRFLOW:
            return (
                f"Airflow is not installed in {self._target.python}. Install apache-airflow there,"
                " or use --python to choose an interpreter that has Airflow."
            )
        return (
            f"Cannot import Airflow in {self._target.python} ({reason}). Run `dagprof doctor` to"
            " see which interpreter and configuration dagprof uses."
        )

    def _why_not_ready(self) -> str:
        """Why the process ended or hangs. Code that is loaded while Airflow starts can cause
        both.
        """
        try:
            code = self._process.wait(_EXIT_LIMIT_S)
        except subprocess.TimeoutExpired:
            is_late = time.monotonic() - self._began >= _START_LIMIT_S
            what = (
                f"did not start Airflow within {_START_LIMIT_S:.0f} seconds"
                if is_late
                else "closed its connection to dagprof"
            )
        else:
            what = f"ended with {_exit(code)} before Airflow started{self._last_words()}"
        return f"The measuring process ({self._target.python}) {what}. {_PLUGINS}"

    def _why_garbled(self) -> str:
        return f"The measuring process ({self._target.python}) sent invalid data. {_PLUGINS}"

    def _last_words(self) -> str:
        """The last line that the zygote wrote, without secrets."""
        line = self._output.last_line()
        return f" ({self._masking.text(line, _MOST_WORDS)})" if line else ""

    def ask(
        self, message: Mapping[str, object], form: type[_Answer], limit_s: float = _ASK_LIMIT_S
    ) -> _Answer:
        """Ask one question and return its answer in the given form within ``limit_s`` seconds.

        :raises ConnectionLost: the zygote is gone.
        :raises MeasurementError: the zygote answered that it failed, or its answer lacks the form.
        """
        self._control.send(message)
        try:
            answer = self._control.answer(limit_s, form, Failed)
        except Garbled:
            raise MeasurementError(self._why_garbled()) from None
        if isinstance(answer, Failed):
            raise MeasurementError(refusals.failed(str(message["op"]), answer, self._target.root))
        return answer

    def list_files(self, paths: Sequence[str], *, safe_mode: bool | None) -> Listing:
        """The files that Airflow would parse below some paths, and those that it skips.

        :raises MeasurementError: Airflow cannot list them, or the answer is not the probe's.
        """
        question = {"op": "discover", "paths": list(paths), "safe_mode": safe_mode}
        try:
            found = self.ask(question, Listing)
        except ConnectionLost:
            raise MeasurementError(
                f"The measuring process ({self._target.python}) ended while listing the DAG"
                f" files{self._last_words()}. {_PLUGINS}"
            ) from None
        root = str(self._target.root).rstrip("/") + "/"
        rows = (*found.skipped, *found.passed_over)
        if not all(
            name.startswith(root) and "\0" not in name
            for name in (*found.files, *(row[0] for row in rows))
        ):
            raise MeasurementError(self._why_garbled())
        return found

    def fork_worker(self, begin: Mapping[str, object] = _NOTHING) -> WorkerConversation:
        """Fork a new worker. The caller closes its conversation. ``begin`` says what the worker
        does before its first parse (``preload``, ``survey`` or ``layer``). It reports that as its
        first message.

        :raises ConnectionLost: the zygote is gone.
        """
        # A DAG file may have stopped it.
        wake(self._process.pid)
        ours, theirs = socket.socketpair()
        # The worker gets a copy of its end. This process closes its own copy, so the worker's death
        # is an end of file.
        try:
            with theirs:
                self._control.send({"op": "worker", **begin}, attached=theirs)
                forked = self._control.answer(_FORK_LIMIT_S, Forked, Failed)
            if isinstance(forked, Failed):
                raise ConnectionLost(forked.failed)
        except BaseException:
            ours.close()
            raise
        return WorkerConversation(ours, self._masking, forked.pid, self._process.pid)

    def give_way(self) -> None:
        """End it at once, and leave the scratch folder to the zygote that takes its place."""
        self._process.kill()
        self.end()

    def abandon(self) -> None:
        """Tell the zygote to end now. Another thread may be waiting for it, and gets an error."""
        launching.ask_to_end(self._process)

    def end(self) -> None:
        """Stop the zygote and everything it started. Calling it twice is safe."""
        wake(self._process.pid)
        with contextlib.suppress(ConnectionLost):
            self._control.send({"op": "stop"})

        # An end of file also stops the zygote, if the message could not be sent.
        self._control.close()
        launching.ask_to_end(self._process)  # it may be importing Airflow, and reads nothing
        try:
            self._process.wait(_END_LIMIT_S)
        except subprocess.TimeoutExpired:
            pass
        finally:  # also if a second interrupt ends the wait early
            if self._process.poll() is None:
                # Its workers are in its group. If the group cannot be killed, kill the process
                # itself.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.kill()
                self._process.wait()
            # A DAG file may have ended it, and left processes that it would have ended.
            self._strays.end()
