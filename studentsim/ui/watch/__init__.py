"""The parts of Watch."""
