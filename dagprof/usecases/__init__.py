"""The questions that a user can ask dagprof, one file per question. Use cases take values and
return values.

They never print, and they never exit the program.
"""
