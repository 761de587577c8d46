"""``simtheory assess``: what you bring, held against theory; one module for each kind."""

from __future__ import annotations

import click

from simtheory._names import public
from simtheory.cli._group import Commands

__all__ = ["KINDS", "assess"]

# Kind -> module of this package that defines its command, line of --help.
KINDS = {
    "strings": ("strings", "Rules kept, copies and novelty of generated strings."),
    "denoiser": ("denoiser", "Which levels of a grammar a model's probabilities use."),
    "evaluations": ("evaluations", "When classes are learned, in which order, and by which rule."),
    "activations": (
        "activations",
        "Whether a layer factorises its inputs, is continuous, a torus.",
    ),
    "accuracy": ("accuracy", "Which law describes right answers over the number of examples."),
    "labels": ("labels", "What a label set covers and connects, and where to add examples."),
    "experts": ("experts", "What a composition of experts is, and what samplers return of it."),
    "text": ("text", "Up to which distance samples are as correlated as their corpus."),
}


@click.group(cls=Commands, table=KINDS, package="assess", noun="kind")
def assess() -> None:
    """Hold against theory what you bring: samples, texts, layers, experts, evaluations.

    Each kind prints a table; --out writes a page with pictures and the numbers as JSON.
    """


public(__name__)
