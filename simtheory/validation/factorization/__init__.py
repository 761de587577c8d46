"""Nets that draw bumps and stripes, trained on some labels and asked for others, and the claims about them."""

from simtheory._names import public
from simtheory.validation.factorization.asking import Answers, ask
from simtheory.validation.factorization.nets import Decoder, Hidden, hidden
from simtheory.validation.factorization.worlds import (
    BumpImages,
    CentreJudge,
    Code,
    Joint,
    LocalBumps,
    OneHot,
    Ramp,
    Sinusoids,
)

__all__ = [
    "Answers",
    "BumpImages",
    "CentreJudge",
    "Code",
    "Decoder",
    "Hidden",
    "Joint",
    "LocalBumps",
    "OneHot",
    "Ramp",
    "Sinusoids",
    "ask",
    "hidden",
]

public(__name__)
