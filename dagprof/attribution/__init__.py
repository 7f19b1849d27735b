"""Finds the cause of each cost in one parse: pure functions over traces. dagprof uses them to plan
experiments and to write reports.
"""
