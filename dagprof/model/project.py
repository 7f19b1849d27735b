"""What a scan took from the repository's description of its own environment."""

from __future__ import annotations

from dagprof.model.base import Frozen


class Used(Frozen, frozen=True):
    """One thing that the repository says about its environment, and that the parses had.

    ``what`` names it ("3 Variables (A, B, C)"), ``where`` is a file of the repository, with a line
    where there is one, ``off`` says how to do without. ``is_left_out``: it was found and not used;
    ``off`` then says why. Names only, never values.
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

    ``entry`` is its file or folder, ``folder`` the one to import it from, both as people see them;
    ``option`` is the option that puts that folder on the path.
    """

    module: str
    entry: str
    folder: str
    option: str


class Project(Frozen, frozen=True):
    """The repository around the DAG folder; ``root`` is empty where there was none, or none was
    asked for.
    """

    root: str = ""
    used: tuple[Used, ...] = ()
    homes: tuple[Home, ...] = ()
