"""The colours of the states can be told apart by everybody: measured, not believed."""

import math
from itertools import combinations

import pytest

from aiprobe.core.outcomes import Outcome
from dashboards.src import palette

# Machado, Oliveira and Fernandes 2009, "A Physiologically-based Model for Simulation of Color Vision Deficiency",
# severity 1.0, on linear RGB.
DEFICIENCIES = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
LEAST_DIFFERENCE = 20.0
Triple = tuple[float, float, float]


def linear(colour: str) -> Triple:
    """Undo the sRGB transfer function (IEC 61966-2-1)."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    one, two, three = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue))
    return one, two, three


def seen_with(matrix: tuple[Triple, Triple, Triple], colour: Triple) -> Triple:
    """Return what an eye with this deficiency gets of a colour."""
    one, two, three = (min(1.0, max(0.0, sum(m * c for m, c in zip(line, colour, strict=True)))) for line in matrix)
    return one, two, three


def lab(colour: Triple) -> Triple:
    """Convert linear sRGB to CIE L*a*b* under D65."""
    red, green, blue = colour
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (c ** (1 / 3) if c > 0.008856 else 7.787 * c + 16 / 116 for c in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def difference(one: Triple, two: Triple) -> float:
    """Return the CIE 1976 difference."""
    return math.dist(lab(one), lab(two))


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_any_two_states_differ_for_every_eye(deficiency: str) -> None:
    matrix = DEFICIENCIES[deficiency]
    differences = {
        (one, two): difference(seen_with(matrix, linear(one)), seen_with(matrix, linear(two)))
        for one, two in combinations(palette.STATES, 2)
    }
    assert min(differences.values()) >= LEAST_DIFFERENCE, differences


def test_the_measure_rejects_the_usual_green_and_red() -> None:
    matrix = DEFICIENCIES["deuteranopia"]
    assert difference(seen_with(matrix, linear("#73BF69")), seen_with(matrix, linear("#F2495C"))) < LEAST_DIFFERENCE


def test_every_outcome_but_ok_has_a_colour_of_its_own() -> None:
    assert set(palette.OUTCOMES) == {outcome.value for outcome in Outcome} - {"ok"}
    assert len(set(palette.OUTCOMES.values())) >= len(palette.OUTCOMES) - 2
