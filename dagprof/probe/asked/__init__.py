"""What DAG files ask for, and who answers: Variables, Connections, the environment."""
