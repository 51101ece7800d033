"""The command line."""

import gc
import os

# Matrices are small here: more threads of the linear algebra only spin, and one gives the same bits on any machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Half a million small objects live from the first import to the last line: looking for rings among them frees nothing.
gc.set_threshold(50_000, 20, 20)
