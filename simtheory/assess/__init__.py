"""What you bring, held against theory: strings, texts, denoisers, layers, experts, evaluations.

Each kind of `simtheory assess` is a function here that returns what the command prints and its page
shows. An answer is a frozen dataclass, and `print` shows it.

===========  ==============================================  ====================================
kind         what you bring                                  functions
===========  ==============================================  ====================================
strings      generated strings and their grammar             `strings` (reader), `score`
denoiser     a model's probabilities on a probe set          `probe`, `level_shares`, `staircase`
text         samples of a model and its corpus               `texts` (reader), `coherence`
activations  activations on a grid of factor values          `activations`, `topology`
accuracy     right answers over the number of examples       `counts` (reader), `laws`
experts      samples, mixtures or scores to be composed      `outlook`, `external`, `error_split`
evaluations  accuracies of classes through training          `accuracies` (reader), `product_law`,
                                                             `emergence_times`, `order`, `widths`,
                                                             `hidden_capability`, `overview`
labels       labels of a training set, or an embedding       `labels`, `next_examples`
===========  ==============================================  ====================================
"""

from simtheory._names import public
from simtheory.analytic.factorization import next_examples
from simtheory.assess.accuracy import Counts, Laws, counts, laws
from simtheory.assess.evaluations import (
    Accuracies,
    EmergenceTimes,
    HiddenCapability,
    Order,
    Overview,
    ProductLaw,
    Widths,
    accuracies,
    emergence_times,
    hidden_capability,
    order,
    overview,
    product_law,
    widths,
)
from simtheory.assess.experts import ErrorSplit, Outlook, error_split, external, outlook
from simtheory.assess.factors import Estimate, Geometry, Topology, activations, topology
from simtheory.assess.label_sets import LabelSet, labels
from simtheory.assess.probes import Probe, level_shares, probe, staircase
from simtheory.assess.scores import Score, Share, score, strings
from simtheory.assess.tokens import Coherence, coherence, texts

__all__ = [
    "Accuracies",
    "Coherence",
    "Counts",
    "EmergenceTimes",
    "ErrorSplit",
    "Estimate",
    "Geometry",
    "HiddenCapability",
    "LabelSet",
    "Laws",
    "Order",
    "Outlook",
    "Overview",
    "Probe",
    "ProductLaw",
    "Score",
    "Share",
    "Topology",
    "Widths",
    "accuracies",
    "activations",
    "coherence",
    "counts",
    "emergence_times",
    "error_split",
    "external",
    "hidden_capability",
    "labels",
    "laws",
    "level_shares",
    "next_examples",
    "order",
    "outlook",
    "overview",
    "probe",
    "product_law",
    "score",
    "staircase",
    "strings",
    "texts",
    "topology",
    "widths",
]

public(__name__)
