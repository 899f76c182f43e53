"""The parts of New simulation."""
