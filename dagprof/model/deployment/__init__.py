"""What a deployment does with the DAG files: its schedules, task starts and parse times."""
