"""Figure 11 of Yang et al. (2024): two linear layers learn in the order of one, after a slow start.

The set-ups are those of figure 2(a, b), the net has a hidden layer of 64 units.
"""

from validation.common import Figure
from validation.identity.trained_nets import ORDER, ORDER_ROWS, order_figure

FIGURE = Figure(
    __file__,
    section="Which concept is learned first",
    title="Two linear layers learn in the order of one, after a slow start (Yang et al. 2024, Fig. 11)",
    alt="The paths of figure 2 for a net of two linear layers",
    caption=f"""
With a hidden layer of 64 linear units every path leaves its start slowly; the order of the concepts is that
of one layer. The data are those of figure 2: two clusters in 64 dimensions, μ₁ along concept 1 and μ₂ = 2
along concept 2. {ORDER} Red: mean flow of the net without biases from the same starts, integrated; no
closed form is known for starts of this size. {ORDER_ROWS}""",
)

if __name__ == "__main__":
    order_figure(FIGURE, "11", depth=2)
