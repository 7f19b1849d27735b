"""A/B runs: two versions of a DAG folder, parsed in turns."""
