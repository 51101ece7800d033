"""Runout: avalanche forecasting for crypto leverage.

The package root imports nothing heavy: ``import runout`` costs milliseconds.
"""

from runout import version

__version__ = version.CODE_VERSION

__all__ = ["__version__"]
