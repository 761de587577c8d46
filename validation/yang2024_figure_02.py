"""Figure 2(a, b) of Yang et al. (2024): signal and diversity set the order of learning, one linear layer.

Writes ``yang2024_figure_02.json`` and ``.svg``.
"""

import trained_nets

TITLE = "One linear layer: signal and diversity set which concept is learned first (Yang et al. 2024, Fig. 2)"
CAPTION = """
A net of one linear layer learns to copy points from two clusters, μ₁ along concept 1 and μ₂ = 2 along
concept 2, in 64 dimensions. Each panel shows how its output on the test point, where both concepts meet
(star), moves during training; black dots are equally spaced in time, so they bunch up where learning
slows down. Left three: the signal μ₁ grows from 1 to 3, and the path changes sides; the concept with the
larger signal is learned first. Right three: with μ₁ = 1 the diversity σ₁ of the weak concept grows, and
again the order turns round. Dotted black: mean of ten nets trained by stochastic gradient descent; grey:
each of them. Red: closed form. Top, as the paper states it: no bias, σ a standard deviation. Bottom, as
its script is released: trained biases, a third cluster at the origin, σ read as a variance; training ends
before the weakest concepts are quite learned."""


def main() -> None:
    """Train every panel, print the order, write record and figure."""
    trained_nets.order_figure(__file__, figure="2", title=TITLE, caption=CAPTION)


if __name__ == "__main__":
    main()
