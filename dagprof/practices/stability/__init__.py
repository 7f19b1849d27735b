"""Rules about DAGs that differ from parse to parse."""
