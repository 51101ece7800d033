"""A market whose truth is known: writes the same records as real sources, labelled synthetic."""
