"""Answers the questions of DAG files: Variables, Connections, environment variables."""
