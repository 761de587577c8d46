"""Figure 2(a, b) of Yang et al. (2024): signal and diversity set the order of learning, one linear layer.

The concept with the stronger signal is learned first, unless the weak one is diverse. Nets and closed form
agree.
"""

from validation.common import Figure
from validation.identity.trained_nets import ORDER, ORDER_ROWS, order_figure

FIGURE = Figure(
    __file__,
    section="Which concept is learned first",
    title="One linear layer: signal and diversity set which concept is learned first (Yang et al. 2024, Fig. 2)",
    alt="Paths of the output to the test point in six set-ups, each as stated and as released",
    caption=f"""
A net of one linear layer learns to copy points from two clusters, μ₁ along concept 1 and μ₂ = 2 along
concept 2, in 64 dimensions. {ORDER} Red: closed form. {ORDER_ROWS}""",
)

if __name__ == "__main__":
    order_figure(FIGURE, "2")
