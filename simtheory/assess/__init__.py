"""What you bring, held against theory: strings, probabilities of denoisers, texts, layers, experts.

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
===========  ==============================================  ====================================
"""

from simtheory._names import public
from simtheory.assess.accuracy import Counts, Laws, counts, laws
from simtheory.assess.experts import ErrorSplit, Outlook, error_split, external, outlook
from simtheory.assess.factors import Estimate, Geometry, Topology, activations, topology
from simtheory.assess.probes import Probe, level_shares, probe, staircase
from simtheory.assess.scores import Score, Share, score, strings
from simtheory.assess.tokens import Coherence, coherence, texts

__all__ = [
    "Coherence",
    "Counts",
    "ErrorSplit",
    "Estimate",
    "Geometry",
    "Laws",
    "Outlook",
    "Probe",
    "Score",
    "Share",
    "Topology",
    "activations",
    "coherence",
    "counts",
    "error_split",
    "external",
    "laws",
    "level_shares",
    "outlook",
    "probe",
    "score",
    "staircase",
    "strings",
    "texts",
    "topology",
]

public(__name__)
