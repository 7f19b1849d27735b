"""The parse loop: the time that the DAG processor needs for all files, and how stale a changed file
gets.

dagprof simulates Airflow's manager with the measured parse times of a Run. The simulation takes the
same steps as the manager, in the same order.
"""

from __future__ import annotations

from dagprof.analyse.loop.costs import costs_of, files_of, per_parse
from dagprof.analyse.loop.enough import Close, Enough, Ignorable, close, enough, ignorable
from dagprof.analyse.loop.forecast import Forecast, forecast
from dagprof.analyse.loop.outlook import LoopRequest, Outlook, outlook
from dagprof.analyse.loop.settings import Value, problem, settings_of, values_of
from dagprof.analyse.loop.values import SORT_MODES, Costs, LoopFile, LoopSettings, Parse, Timeline

__all__ = [
    "SORT_MODES",
    "Close",
    "Costs",
    "Enough",
    "Forecast",
    "Ignorable",
    "LoopFile",
    "LoopRequest",
    "LoopSettings",
    "Outlook",
    "Parse",
    "Timeline",
    "Value",
    "close",
    "costs_of",
    "enough",
    "files_of",
    "forecast",
    "ignorable",
    "outlook",
    "per_parse",
    "problem",
    "settings_of",
    "values_of",
]
