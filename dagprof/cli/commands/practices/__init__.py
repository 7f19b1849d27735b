"""The commands about practices: ``check`` and ``rules``."""
