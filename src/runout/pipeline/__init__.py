"""Jobs: the only place where files, clocks and models meet."""
