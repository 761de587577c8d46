"""Up to which distance are samples of Markov chains as correlated as the text that they were drawn from?

``python examples/markov_text.py`` prints a line for each order. The text is the help of this Python version,
letters and spaces only; docs/strings.md has the numbers of one version.
"""

import re
from collections import defaultdict
from platform import python_version
from pydoc_data.topics import topics

import numpy as np

import simtheory as st

TEXT = re.sub(r"[^a-z]+", " ", "\n".join(topics[name] for name in sorted(topics)).lower())
SIZE, SEED = 200_000, 0


def chain(order: int) -> str:
    """Return text in which each letter follows the letters before it as in `TEXT`."""
    following = defaultdict(list)
    for k in range(len(TEXT) - order):
        following[TEXT[k : k + order]].append(TEXT[k + order])
    here, found = TEXT[:order], [TEXT[:order]]
    for draw in np.random.default_rng(SEED).random(SIZE - order):
        choices = following.get(here) or following[TEXT[:order]]
        found.append(choices[int(draw * len(choices))])
        here = (here + found[-1])[-order:]
    return "".join(found)


def main() -> None:
    """Print the lengths."""
    corpus = st.assess.coherence(TEXT)
    print(f"Python {python_version()}, {len(TEXT)} letters; {corpus.summary()[0]}")
    for order in (1, 2, 3, 4):
        found = st.assess.coherence(chain(order), reference=corpus)
        low, high = found.interval
        print(f"order {order}: length {found.length} (95 %: {low} to {high})")


if __name__ == "__main__":
    main()
