"""Linear denoisers, trained and sampled exactly, and the claims about them."""

from simtheory._names import public
from simtheory.validation.denoiser.training import (
    LinearRun,
    log_levels,
    sampled_covariance,
    train_linear,
)

__all__ = ["LinearRun", "log_levels", "sampled_covariance", "train_linear"]

public(__name__)
