"""Reads what the DAG processor of a deployment reports: from Airflow's database, or over REST."""
