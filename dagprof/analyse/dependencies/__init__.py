"""What DAG files import: distributions and providers, those that are missing, and those that nobody
imports.
"""
