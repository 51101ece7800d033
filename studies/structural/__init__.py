"""The structural model: alone, in the pool and without its parts."""
