"""Hints about tasks with several purposes."""
