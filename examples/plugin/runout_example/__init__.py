"""A package of its own that adds a source, an indicator and a forecast model to Runout."""
