"""Rules about what each parse of a DAG file costs."""
