"""The parts of ``usecases.watch``."""
