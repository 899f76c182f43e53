"""Models of the hub, or of a local folder, as students. ``source``, ``sizes`` and ``machine`` know no torch."""
