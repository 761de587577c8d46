r"""Your own evaluations through training, held against the theory of concept graphs.

Problem
-------
A model is evaluated at checkpoints on classes of a concept graph, some of which it was trained on: for every sample,
which concepts are right. When is each class learned, in which order; is its joint accuracy the product of those of its
concepts; is its rise sharp; can it do what the plain prompt does not show?

Symbols
-------
S seeds, T steps, P classes, n concepts, Q prompts; the *joint* accuracy counts samples all of whose concepts are
right, a *marginal* those with one concept right; the *ceiling* is what the judge says of real data.

Result
------
=======================  =============================================================================
function                 what it answers
=======================  =============================================================================
`accuracies`             reads tables of samples or cells, JSON lines, and runs of nets
`product_law`            product of the marginals, weakest concept, or neither
`emergence_times`        when, with runs that never learn counted as such
`order`                  in the order of distance, or of theory, and what theory expects of the rest
`widths`                 whether a rise is sharp, or the metric is
`hidden_capability`      what a better prompt shows before the plain one does
`overview`               all of it, as the command `simtheory assess evaluations` says it
=======================  =============================================================================

Reading
-------
Every verdict says what it rests on: with one seed there are no intervals, without numbers of samples no noise.
"""

from simtheory._names import public
from simtheory.assess.evaluations.expressions import Joint, joint_of
from simtheory.assess.evaluations.hidden import HiddenCapability, hidden_capability
from simtheory.assess.evaluations.orders import Order, OrderTest, order
from simtheory.assess.evaluations.overviews import Overview, overview
from simtheory.assess.evaluations.products import ProductLaw, product_law
from simtheory.assess.evaluations.reading import accuracies, trained_graph
from simtheory.assess.evaluations.sharpness import Widths, widths
from simtheory.assess.evaluations.table import Accuracies
from simtheory.assess.evaluations.times import EmergenceTimes, emergence_times

__all__ = [
    "Accuracies",
    "EmergenceTimes",
    "HiddenCapability",
    "Joint",
    "Order",
    "OrderTest",
    "Overview",
    "ProductLaw",
    "Widths",
    "accuracies",
    "emergence_times",
    "hidden_capability",
    "joint_of",
    "order",
    "overview",
    "product_law",
    "trained_graph",
    "widths",
]

public(__name__)
