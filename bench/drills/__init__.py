"""Drills: faults made on purpose, one part a module; ``python bench/drills`` runs them all (``make drills``)."""
