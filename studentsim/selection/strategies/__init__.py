"""A file for each strategy: its rule, its texts and its properties, as the constant ``STRATEGY``."""
