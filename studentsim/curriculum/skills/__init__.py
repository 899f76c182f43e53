"""The curriculum's skills, a file for each category."""
