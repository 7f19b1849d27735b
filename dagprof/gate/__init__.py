"""The gate turns measurements and demands into a verdict with its reasons. It is pure; the command
line chooses the exit codes.
"""
