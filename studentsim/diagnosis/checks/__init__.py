"""A file for each check (see the package above)."""
