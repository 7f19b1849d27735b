"""The judge decides whether a DAG file became slower. It accepts two kinds of input: pairs of
parses that took turns, and two Runs.
"""
