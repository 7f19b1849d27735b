"""The link to the probe: the interpreter that is measured with, its environment, and what the
probe answers.
"""
