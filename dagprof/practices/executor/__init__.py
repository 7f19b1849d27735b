"""Hints about what DAGs cost on an executor."""
