"""Question sets: which there are, how their files are read and checked, how their questions are split; one file for each set."""
