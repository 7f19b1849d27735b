"""Rules about what the image contains."""
