"""What a repository says about its own environment: functions over its files that return frozen
values; nothing is run.
"""
