"""Times and attributes the imports of one parse."""
