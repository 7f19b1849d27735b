"""One file in the terminal: its source with times in the margin, its imports, effects, experiments
and changes.
"""

from __future__ import annotations

from dagprof.report.text.explain.explanation import Explanation
from dagprof.report.text.explain.sections import render

__all__ = ["Explanation", "render"]
