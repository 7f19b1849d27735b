"""Hints about tasks that give another result when they run again."""
