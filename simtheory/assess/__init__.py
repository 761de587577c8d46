"""What you bring, held against theory: samples, texts, experts.

Each kind of `simtheory assess` is a function here that returns what the command prints and its page
shows. An answer is a frozen dataclass, and `print` shows it.

===========  ==============================================  ===============================
kind         what you bring                                  functions
===========  ==============================================  ===============================
text         samples of a model and its corpus               `texts` (reader), `coherence`
experts      samples, mixtures or scores to be composed      `outlook`, `external`, `error_split`
===========  ==============================================  ===============================
"""

from simtheory._names import public
from simtheory.assess.experts import ErrorSplit, Outlook, error_split, external, outlook
from simtheory.assess.tokens import Coherence, coherence, texts

__all__ = [
    "Coherence",
    "ErrorSplit",
    "Outlook",
    "coherence",
    "error_split",
    "external",
    "outlook",
    "texts",
]

public(__name__)
