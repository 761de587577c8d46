"""Good calls on evaluations through training."""

from typing import Any

import numpy as np

from simtheory import ConceptGraph, assess
from tests.properties.doors.good.things import FOLDER

_TABLE = FOLDER / "evaluations.csv"
_LINES = ["step,seed,class,strength,shape,size,joint,n"]
for _seed in range(3):
    for _step in range(1, 9):
        for _name, _late in (("00", 2.0), ("10", 3.0), ("01", 3.0), ("11", 5.0)):
            for _strength in (1.0, 2.0):
                _q = 1.0 / (1.0 + np.exp(_late + 0.1 * _seed - _strength * _step))
                _LINES.append(
                    f"{_step},{_seed},{_name},{_strength},{_q:.6f},{_q:.6f},{_q * _q:.6f},64"
                )
_TABLE.write_text("\n".join(_LINES))
GRAPH = ConceptGraph([[0, 0], [1, 0], [0, 1]])
ACC = assess.accuracies(_TABLE, train=GRAPH)


def _fields(found: Any) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__slots__}


_TOMLS = FOLDER / "classes.toml"
_TOMLS.write_text('train = ["00", "10", "01"]')

OWN: dict[str, dict[str, Any]] = {
    "assess.Accuracies": _fields(ACC),
    "assess.Accuracies.place": {"name": "11"},
    "assess.accuracies": {"source": _TABLE, "train": GRAPH},
    "assess.emergence_times": {"acc": ACC},
    "assess.evaluations.joint_of": {"joint": "both = one * other^2"},
    "assess.evaluations.trained_graph": {"train": _TOMLS},
    "assess.hidden_capability": {"acc": ACC},
    "assess.order": {"acc": ACC},
    "assess.overview": {"acc": ACC},
    "assess.product_law": {"acc": ACC},
    "assess.widths": {"acc": ACC},
    "plot.class_curves": {"acc": ACC, "name": "11"},
    "plot.emergence_times": {"found": assess.emergence_times(ACC)},
    "plot.prompt_steps": {"found": assess.hidden_capability(ACC)},
}

LEFT_OUT = {
    "simtheory.assess.EmergenceTimes": "an answer that emergence_times makes",
    "simtheory.assess.HiddenCapability": "an answer that hidden_capability makes",
    "simtheory.assess.Order": "an answer that order makes",
    "simtheory.assess.Overview": "an answer that overview makes",
    "simtheory.assess.ProductLaw": "an answer that product_law makes",
    "simtheory.assess.Widths": "an answer that widths makes",
    "simtheory.assess.evaluations.OrderTest": "an answer that order makes",
}

MAY_BE_NAN = (
    r"simtheory\.assess\.Accuracies",  # where nothing was evaluated
    r"simtheory\.assess\.(hidden_capability|order|overview|product_law)",
)
