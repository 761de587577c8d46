"""What you bring, held against theory: strings, probabilities of denoisers, texts.

Each kind of `simtheory assess` is a function here that returns what the command prints and its page
shows. An answer is a frozen dataclass, and `print` shows it.

===========  ==============================================  ====================================
kind         what you bring                                  functions
===========  ==============================================  ====================================
strings      generated strings and their grammar             `strings` (reader), `score`
denoiser     a model's probabilities on a probe set          `probe`, `level_shares`, `staircase`
text         samples of a model and its corpus               `texts` (reader), `coherence`
===========  ==============================================  ====================================
"""

from simtheory._names import public
from simtheory.assess.probes import Probe, level_shares, probe, staircase
from simtheory.assess.scores import Score, Share, score, strings
from simtheory.assess.tokens import Coherence, coherence, texts

__all__ = [
    "Coherence",
    "Probe",
    "Score",
    "Share",
    "coherence",
    "level_shares",
    "probe",
    "score",
    "staircase",
    "strings",
    "texts",
]

public(__name__)
