"""Malformed files of every kind that dagprof reads, made of valid ones, and what reads them.

The tests run a few seconds of it, ``bench/fuzz.py`` as many cases as there is time for. A case is
known by seed, kind and number, and can be made again from these.
"""
