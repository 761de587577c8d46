"""Good calls of grammars, of the noise of tokens, and of what is computed on them."""

from typing import Any

COMMON: dict[str, Any] = {"alpha_bar": 0.5, "alpha": 0.5, "epsilon": 0.5}

OWN: dict[str, dict[str, Any]] = {
    "noise.Erasure": {"noised": [[0, 1, 2]], "alphabet": 3},
    "noise.Mask": {"noised": [[0, 1, 2]], "strings": [[0, 1, 2]], "alphabet": 3},
    "noise.Uniform": {"noised": [[0, 1, 2]], "strings": [[0, 1, 2]], "alphabet": 3},
    "noise.alpha_bars": {"steps": 5},
}

FILLING: dict[str, Any] = {}

COSTLY: set[str] = set()
