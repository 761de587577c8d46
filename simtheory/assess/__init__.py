"""What you bring, held against theory: samples and texts.

Each kind of `simtheory assess` is a function here that returns what the command prints and its page
shows. An answer is a frozen dataclass, and `print` shows it.

===========  ==============================================  ===============================
kind         what you bring                                  functions
===========  ==============================================  ===============================
text         samples of a model and its corpus               `texts` (reader), `coherence`
===========  ==============================================  ===============================
"""

from simtheory._names import public
from simtheory.assess.tokens import Coherence, coherence, texts

__all__ = ["Coherence", "coherence", "texts"]

public(__name__)
