"""The data of the HTML page from a Run: its HTML, the index of its files, and the data that each
view unpacks when a user opens it.
"""
