"""A market whose truth is known: writes the same records as real sources, labelled synthetic."""

from runout.synthetic.generating import generate
from runout.synthetic.world import Family, Scenario, World

__all__ = ["Family", "Scenario", "World", "generate"]
