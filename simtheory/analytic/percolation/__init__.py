r"""Percolation of examples: overlaps, chains on a line, thresholds in the plane, and graphs of pairs.

Problem
-------
Training examples that overlap are linked. How many are needed until their links span the space of
concepts: for one factor, for two, and for combinations of the values of two factors?

Symbols
-------
σ : width of a bump; θ : threshold on the overlap; r : link radius; N : side of the canvas; n : number of
examples; d : spacing of a lattice of labels; m : number of training pairs.

Result
------
==============================  ===================================================================
function                        what it gives
==============================  ===================================================================
`link_radius`                   the distance up to which examples are linked
`segment_connected` and others  one factor: n of the order (N/r) ln(N/r)
`critical_number`               two factors, random places: n of the order (N/r)²
`critical_kept_fraction`        two factors, a lattice of labels
`identifiable_pairs`            combinations that additive targets need: m of the order n ln n
==============================  ===================================================================

Reading
-------
Connection and coverage are different laws: a set of examples may be covered without being connected, and
connected without covering. Whether a network needs either is measured, not assumed.
"""

from __future__ import annotations

from simtheory._names import public
from simtheory.analytic.percolation.line import (
    circle_connected,
    circle_gaps,
    half_number,
    line_cluster,
    ring_clusters,
    segment_clusters,
    segment_connected,
    segment_covered,
)
from simtheory.analytic.percolation.overlaps import (
    bump_overlap,
    link_radius,
    pixel_overlap,
    stripes_overlap,
)
from simtheory.analytic.percolation.pairs import (
    connection_probability,
    identifiable_fraction,
    identifiable_pairs,
)
from simtheory.analytic.percolation.plane import (
    CONTINUUM_THRESHOLD,
    EXACT_THRESHOLDS,
    EXPONENTS,
    WrappingProbabilities,
    continuum_threshold,
    critical_kept_fraction,
    critical_number,
    exact_threshold,
    lattice_threshold,
    plane_connected,
    spanning_polynomial,
    square_threshold,
    window_ratio,
    wrapping_probabilities,
)

__all__ = [
    "CONTINUUM_THRESHOLD",
    "EXACT_THRESHOLDS",
    "EXPONENTS",
    "WrappingProbabilities",
    "bump_overlap",
    "circle_connected",
    "circle_gaps",
    "connection_probability",
    "continuum_threshold",
    "critical_kept_fraction",
    "critical_number",
    "exact_threshold",
    "half_number",
    "identifiable_fraction",
    "identifiable_pairs",
    "lattice_threshold",
    "line_cluster",
    "link_radius",
    "pixel_overlap",
    "plane_connected",
    "ring_clusters",
    "segment_clusters",
    "segment_connected",
    "segment_covered",
    "spanning_polynomial",
    "square_threshold",
    "stripes_overlap",
    "window_ratio",
    "wrapping_probabilities",
]

public(__name__)
