"""The gate: what was measured and what is demanded in, a verdict with its reasons out. Pure;
exit codes are the command line's.
"""
