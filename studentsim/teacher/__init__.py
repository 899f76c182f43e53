"""The teacher of a run: grades answers, errs where it was told to, and finds words for a wrong answer."""
