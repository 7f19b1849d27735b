"""Sums over all files: the saving of each change, the plan of changes, and the floor.

A change removes one import statement or call of the user's code from the code that runs during
parsing. The import graph of a file gives the estimated saving of a set of changes. If an experiment
measured exactly this set, dagprof uses the measured saving instead. dagprof never proposes to
remove a statement that an experiment found to be needed. All times exclude the time that parses
waited for a CPU, because no change saves this time.
"""

from __future__ import annotations

from dagprof.analyse.fleet.fleet import Fleet
from dagprof.analyse.fleet.graphs import Graphs
from dagprof.analyse.fleet.values import Change, Plan, Step
from dagprof.analyse.fleet.view import FileView

__all__ = ["Change", "FileView", "Fleet", "Graphs", "Plan", "Step"]
