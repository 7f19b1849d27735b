"""Parses with other answers: made-up answers that make a file fail, hosts that do not respond, and
templates in the place of values.
"""
