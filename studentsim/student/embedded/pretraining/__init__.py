"""How the embedded student's weights are made."""
