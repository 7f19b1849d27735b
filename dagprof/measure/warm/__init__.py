"""A site that stays open while somebody edits its files."""
