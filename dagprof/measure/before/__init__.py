"""Packages that are imported before a parse: shared by many files, or preloaded."""
