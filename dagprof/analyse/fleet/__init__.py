"""Sums over all files: what each change in one place would save, the plan of changes, and the
floor.

A change removes one import statement or call of the user's code from the code that runs at parse
time. The
import graph of a file gives the estimated saving of a set of changes. Where experiments timed
parses without exactly that set, dagprof uses the proved figure instead. dagprof never proposes to
remove a statement that an experiment showed to be needed. All times exclude waiting for a
processor, because no change saves that time.
"""

from __future__ import annotations

from dagprof.analyse.fleet.fleet import Fleet
from dagprof.analyse.fleet.graphs import Graphs
from dagprof.analyse.fleet.values import Change, Plan, Step
from dagprof.analyse.fleet.view import FileView

__all__ = ["Change", "FileView", "Fleet", "Graphs", "Plan", "Step"]
