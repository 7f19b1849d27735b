"""Settings that a scan takes from the files of the project."""

from __future__ import annotations

from dagprof.model.base import Frozen


class Used(Frozen, frozen=True):
    """One setting of the project that the parses used.

    ``what`` names the setting ("3 Variables (A, B, C)"). ``where`` is a file of the project, with a
    line if the line is known. ``off`` says how to turn the setting off. ``is_left_out`` says that
    dagprof found the setting and did not use it; ``off`` then gives the reason. These fields
    contain only names, no values.
    """

    what: str
    where: str = ""
    off: str = ""
    is_left_out: bool = False

    @property
    def text(self) -> str:
        """One sentence about the setting."""
        found = f" from {self.where}" if self.where else ""
        if self.is_left_out:
            return f"Ignores {self.what}{found}: {self.off}."
        return f"Uses {self.what}{found}; {self.off}."


class Home(Frozen, frozen=True):
    """The place in the project of a module that a failed parse could not find.

    ``entry`` is the file or folder of the module. ``folder`` is the folder that must be on the
    path. ``entry`` and ``folder`` are paths for people. ``option`` is the option that adds the
    folder to the path.
    """

    module: str
    entry: str
    folder: str
    option: str


class Project(Frozen, frozen=True):
    """The project around the DAG folder. ``root`` is empty if there is no project, or if the scan
    ignored the project.
    """

    root: str = ""
    used: tuple[Used, ...] = ()
    homes: tuple[Home, ...] = ()
