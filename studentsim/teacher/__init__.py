"""A run's teacher: grades answers, errs as often as its settings say, and words the feedback on wrong answers."""
