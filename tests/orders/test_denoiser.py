"""The cut-off law errs as the square of the noise at which sampling stops."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory.analytic import denoiser as dn
from simtheory.tasks import DenoisingTask


@pytest.mark.parametrize(
    ("net", "t"), [(dn.OneLayerDenoiser(0.1), 0.5), (dn.TiedDenoiser(0.1), 1.0)]
)
def test_the_cutoff_law_errs_as_the_square(net, t: float) -> None:
    """Halving σ_min divides the error by 4; the next order is relative σ², 0.3 % at 0.05."""
    errors, estimates = [], []
    for low in (0.05, 0.025, 0.0125, 0.00625):
        task = DenoisingTask([1.0], sigma_min=low, sigma_max=80.0)
        exact = dn.generated_variance(task, net, [t])[0, 0]
        law = dn.cutoff_law(task, net, [t])
        errors.append(abs(law.variance[0, 0] / exact - 1))
        estimates.append(law.error_estimate[0, 0])
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 4.0, rtol=0.01)
    # The bound adds two parts of opposite sign for one layer; the tied net has one part only.
    slack = np.divide(errors, estimates)
    assert np.all(slack < 1.01)
    assert np.all(slack > 0.1)
    # Power: the trained variance, which has no cut-off, does not get better.
    assert abs(dn.asymptotic_variance(task)[0] / exact - 1) > 10 * errors[0]
