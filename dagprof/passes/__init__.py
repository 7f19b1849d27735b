"""The passes over one DAG file."""
