"""Figure 12 of Yang et al. (2024): ReLU units keep the order of learning.

The set-ups are those of figure 2(a, b), the net has a hidden layer of 64 ReLU units.
"""

from validation.common import Figure
from validation.identity.trained_nets import ORDER, ORDER_ROWS, order_figure

FIGURE = Figure(
    __file__,
    section="Which concept is learned first",
    title="Two layers with ReLU units learn in the same order (Yang et al. 2024, Fig. 12)",
    alt="The paths of figure 2 for a net of two layers with ReLU units",
    caption=f"""
ReLU units between two layers change the paths and keep the order of the concepts. The data are those of
figure 2: two clusters in 64 dimensions, μ₁ along concept 1 and μ₂ = 2 along concept 2. {ORDER} Red: mean
linear flow without biases from the same starts, which is not the theory of a ReLU net, yet has the same
order. {ORDER_ROWS}""",
)

if __name__ == "__main__":
    order_figure(FIGURE, "12", depth=2, activation="relu")
