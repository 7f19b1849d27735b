"""Rules about what belongs into a DAG file."""
