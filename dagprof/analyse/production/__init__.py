"""Compares what the DAG processor of a deployment reports with what dagprof measured."""

from __future__ import annotations

from dagprof.analyse.production.compared import compare
from dagprof.analyse.production.values import Cause, ComparedProduction, Reason, Row, Speed

__all__ = ["Cause", "ComparedProduction", "Reason", "Row", "Speed", "compare"]
