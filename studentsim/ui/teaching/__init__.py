"""Trained graders on the pages: replies.py, agreement with the key by kind of reply."""
