"""The conditions of a measurement: the machine, its speed, and what changes meanwhile."""
