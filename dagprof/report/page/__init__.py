"""The page's values, from a Run: its HTML, the index of its files, and what its views unpack
when they are opened.
"""
