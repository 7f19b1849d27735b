"""What a worker imports before it parses the first file."""
