"""Finds the files that Airflow would parse, and the distributions that modules belong to."""
