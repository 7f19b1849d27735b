"""Who causes what in one parse: pure functions over traces, used to plan experiments and to
report.
"""
