"""Asks the target interpreter for facts outside of parses."""
