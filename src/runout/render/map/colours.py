"""Colour scales of the map: from the ground to a side's ink and on to dark, in even steps of lightness.

Lightness is CIE L*: twice the distance in the legend looks twice as far to any eye, and in grey print too.
"""

from typing import Final

import numpy as np

from runout.render.palette import Ink
from runout.scores.arrays import FloatArray

LIGHTEST: Final = 97.0
DARKEST: Final = 18.0
_WHITE: Final = np.array([0.95047, 1.0, 1.08883])
_TO_XYZ: Final = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_EPSILON: Final = 6.0 / 29.0


def ramp(ink: Ink, steps: int = 256) -> FloatArray:
    """Return colours of rising weight for a side, shape (steps, 3), red green blue from 0 to 1.

    Lightness falls evenly from :data:`LIGHTEST` to :data:`DARKEST`; hue is the ink's, and colourfulness rises to the
    ink's own and falls behind it.
    """
    lightness = np.linspace(LIGHTEST, DARKEST, steps)
    own, a, b = lab(np.array([int(ink.light[i : i + 2], 16) / 255.0 for i in (1, 3, 5)]))
    share = np.where(lightness > own, (100.0 - lightness) / (100.0 - own), 0.35 + 0.65 * lightness / own)
    return rgb(np.stack([lightness, a * share, b * share], axis=1))


def lab(colour: FloatArray) -> FloatArray:
    """Return CIE L*a*b* (D65) of sRGB colours, shape (…, 3)."""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    f = linear @ _TO_XYZ.T / _WHITE
    f = np.where(f > _EPSILON**3, np.cbrt(f), f / (3.0 * _EPSILON**2) + 4.0 / 29.0)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)


def rgb(colour: FloatArray) -> FloatArray:
    """Return sRGB of CIE L*a*b* colours, shape (…, 3); what a screen cannot show is brought to its rim."""
    y = (colour[..., 0] + 16.0) / 116.0
    f = np.stack([y + colour[..., 1] / 500.0, y, y - colour[..., 2] / 200.0], axis=-1)
    xyz = np.where(f > _EPSILON, f**3, 3.0 * _EPSILON**2 * (f - 4.0 / 29.0)) * _WHITE
    linear = np.clip(xyz @ np.linalg.inv(_TO_XYZ).T, 0.0, 1.0)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1.0 / 2.4) - 0.055)
