"""What the rules read in source code."""
