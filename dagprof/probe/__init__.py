"""The program that runs inside the measured interpreter. dagprof starts it by path; no module
imports it. See ``__main__``.
"""
