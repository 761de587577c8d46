"""The modified equation of descent has an error of second order in the step; the flow's is of first."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory.analytic import tied


def errors(rate: float, eta: float) -> tuple[float, float]:
    """Return the largest errors of the modified time and of the flow's, up to w = 0.99."""
    u = [0.1]
    while u[-1] ** 2 < 0.99:
        u.append(u[-1] * (1 + eta * rate * (1 - u[-1] ** 2)))
    w, steps = np.square(u[:-1]), eta * np.arange(len(u) - 1)
    modified = tied.modified_time(rate, 0.1**2, w, step=eta) - steps
    flow = np.array([float(tied.time_to_level(rate, 0.1**2, level=x)) for x in w[1:]]) - steps[1:]
    return np.abs(modified).max(), np.abs(flow).max()


@pytest.mark.parametrize("rate", [0.3, 1.0, 7.0])
def test_halving_the_step_quarters_the_error(rate: float) -> None:
    found = np.array([errors(rate, 0.1 / rate / 2**k) for k in range(5)])
    modified, flow = (found[:-1] / found[1:]).T
    assert modified.min() > 0.9 * 4
    assert flow.max() < 1.1 * 2
    # The stated estimate: (ηa)² times the flow's own time.
    own = float(tied.time_to_level(rate, 0.1**2, level=0.99))
    estimates = np.array([(0.1 / 2**k) ** 2 * own for k in range(5)])
    assert np.all(found[:, 0] < estimates)
    assert np.all(found[:, 0] > 0.1 * estimates)
    assert found[-1, 1] > 10 * found[-1, 0]
