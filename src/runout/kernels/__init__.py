"""Compiled loops: arrays in, arrays out, no units and no names of the field.

Each has a plain twin, in the package that calls it or in its test. They import numba, which takes over
a second, so callers import them inside the function that needs them.
"""
