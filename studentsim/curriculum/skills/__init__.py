"""The curriculum's skills, one file per category; ``general.py`` shows the pattern."""
