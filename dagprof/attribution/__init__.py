"""Finds the cause of each cost in one parse. The functions are pure functions over traces. dagprof
uses the results to plan experiments and to write reports.
"""
