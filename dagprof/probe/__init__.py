"""The program that runs inside the measured interpreter; started by path, imported by nobody.
See ``__main__``.
"""
