"""The project files that describe its environment, one module for each kind."""
