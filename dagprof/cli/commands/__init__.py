"""One module for each command. Each has the click command as ``command``."""
