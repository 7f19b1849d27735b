"""What a save changed: two parses of one file, before and after."""
