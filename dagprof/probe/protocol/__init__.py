"""The fields of every message. The docstring of ``__main__`` lists the messages.

These files are for type checkers only. No parse loads them. The other end reads the same fields in
``dagprof/link/messages/``.
"""
