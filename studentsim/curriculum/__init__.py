"""The built-in curriculum: generated questions on the skills of six categories, and the teacher's feedback on wrong answers."""
