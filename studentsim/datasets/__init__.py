"""Datasets of multiple-choice questions: reading, detection, validation and splits; one file per dataset. A bank is what a run uses."""
