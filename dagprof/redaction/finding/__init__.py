"""Finds secrets in text by their form. Each module covers one kind of context."""
