"""What a scan took from the repository's own description of its environment."""

from __future__ import annotations

from dagprof.model.base import Frozen


class Used(Frozen, frozen=True):
    """One setting that the repository gives for its environment and that the parses had.

    ``what`` names it ("3 Variables (A, B, C)"). ``where`` is a file of the repository, with a line
    if known. ``off`` says how to turn it off. ``is_left_out``: dagprof found it and did not use it;
    ``off`` then says why. These fields hold names only, never values.
    """

    what: str
    where: str = ""
    off: str = ""
    is_left_out: bool = False

    @property
    def text(self) -> str:
        """One sentence."""
        found = f" from {self.where}" if self.where else ""
        if self.is_left_out:
            return f"Ignores {self.what}{found}: {self.off}."
        return f"Uses {self.what}{found}; {self.off}."


class Home(Frozen, frozen=True):
    """Where the repository holds a module that a failed parse asked for.

    ``entry`` is the module's file or folder, ``folder`` the folder to import it from, both as
    people see them. ``option`` is the option that puts that folder on the path.
    """

    module: str
    entry: str
    folder: str
    option: str


class Project(Frozen, frozen=True):
    """The repository around the DAG folder. ``root`` is empty if there was none, or if the scan did
    not ask for it.
    """

    root: str = ""
    used: tuple[Used, ...] = ()
    homes: tuple[Home, ...] = ()
