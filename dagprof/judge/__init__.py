"""Did a file become slower? One judge for two kinds of evidence: interleaved pairs of parses, and
two Runs.
"""
