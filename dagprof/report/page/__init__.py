"""The content of the HTML report: the HTML, the index of all files, and the data that each view
decompresses when the user opens the view.
"""
