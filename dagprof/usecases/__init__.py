"""What a user can ask of dagprof, one file per question: values in, values out.

Nothing is printed and nothing exits here.
"""
