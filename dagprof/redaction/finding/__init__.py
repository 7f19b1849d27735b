"""Finds secrets in text by what they look like: one file for each kind of surroundings."""
