"""Notices the files that somebody saves."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dagprof.errors import MeasurementError

Tell = Callable[[frozenset[Path]], object]

# A burst of saves ends when so much time passes without one, or after the second figure.
_QUIET_MS, _LONGEST_BURST_MS = 40, 400
# How often a watcher looks whether it should end.
_LOOK_MS = 1_000
_TOO_MANY = (
    "Cannot watch the folders of the DAG files ({}). Raise the kernel's limit"
    " fs.inotify.max_user_watches, or set WATCHFILES_FORCE_POLLING=true."
)


class Saves:
    """Tells ``tell``, in another thread, which files below ``folders`` and which of ``files`` were
    saved, created, renamed or deleted. Use it as a context manager.

    Files that editors, Python and version control write for themselves do not count. ``fail``
    receives an error of the watcher.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        files: Iterable[Path],
        tell: Tell,
        fail: Callable[[BaseException], object],
    ) -> None:
        self._tell, self._fail = tell, fail
        self._stop = threading.Event()
        self._files = {str(path) for path in files}
        below = tuple(f"{folder}{os.sep}" for folder in folders)
        # Folders that hold only single files. A file that an editor replaces is a new one, so the
        # watcher needs the folder.
        single = {os.path.dirname(path) for path in self._files if not path.startswith(below)}
        self._watched = [(outermost(folders), True), (sorted(map(Path, single)), False)]

    def __enter__(self) -> Saves:
        ready: list[threading.Event] = []
        for folders, is_deep in self._watched:
            found = [str(folder) for folder in folders if os.path.isdir(folder)]
            if found:
                ready.append(threading.Event())
                threading.Thread(
                    target=self._watch, args=(found, is_deep, ready[-1]), daemon=True
                ).start()
        for each in ready:
            each.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()

    def _watch(self, folders: list[str], is_deep: bool, ready: threading.Event) -> None:
        try:
            import watchfiles

            usual = watchfiles.DefaultFilter()

            def counts(change: watchfiles.Change, path: str) -> bool:
                # Without the folders above: the DAG folder itself may be below a folder .venv.
                above = next((each for each in folders if path.startswith(f"{each}{os.sep}")), "")
                return usual(change, path[len(above) :]) if is_deep else path in self._files

            for changes in watchfiles.watch(
                *folders,
                watch_filter=counts,
                debounce=_LONGEST_BURST_MS,
                step=_QUIET_MS,
                rust_timeout=_LOOK_MS,
                yield_on_timeout=True,
                stop_event=_Stop(self._stop, ready),
                raise_interrupt=False,
                recursive=is_deep,
            ):
                if changes:
                    self._tell(frozenset(Path(path) for _, path in changes))
        except OSError as error:
            self._fail(MeasurementError(_TOO_MANY.format(error.strerror or error)))
        except BaseException as error:  # noqa: BLE001 - the caller's thread raises it
            self._fail(error)
        finally:
            ready.set()


class _Stop:
    """The event that ends a watcher. A watcher first looks at it when it watches all folders."""

    def __init__(self, stop: threading.Event, ready: threading.Event) -> None:
        self._stop, self._ready = stop, ready

    def is_set(self) -> bool:
        self._ready.set()
        return self._stop.is_set()


def outermost(folders: Iterable[Path]) -> list[Path]:
    """The folders that are not inside another of them, each once."""
    found = sorted(dict.fromkeys(folders))
    return [folder for folder in found if not any(other in folder.parents for other in found)]
