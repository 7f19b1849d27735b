"""What the serialised DAGs of a file show: differences between parses, and secrets."""
