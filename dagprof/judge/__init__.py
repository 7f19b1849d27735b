"""The judge decides whether a DAG file became slower. The judge accepts two kinds of input: pairs
of parses that took turns, and two Runs.
"""
