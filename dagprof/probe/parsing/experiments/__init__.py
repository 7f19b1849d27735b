"""Parses without some statements, and what shows whether the file needs them."""
