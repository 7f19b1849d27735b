"""Reads a repository's own description of its environment: functions over its files that return
frozen values. They run nothing.
"""
