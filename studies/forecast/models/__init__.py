"""Models that are only scored beside what is issued."""
