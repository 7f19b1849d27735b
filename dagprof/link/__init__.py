"""The link to the probe: the measured interpreter, its environment, and the probe's answers."""
