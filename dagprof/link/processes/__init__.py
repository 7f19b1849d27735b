"""The processes of a probe as seen from dagprof: their start, the conversation, their end."""
