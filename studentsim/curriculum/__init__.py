"""The built-in curriculum: questions without end, from the skills of six categories; and what a teacher says to their wrong answers."""
