"""The rules of ``dagprof check``: practices for DAG files, with evidence from the measurement.

One file holds one rule. This package reads no files; the use case gives it a Run and the sources.
"""
