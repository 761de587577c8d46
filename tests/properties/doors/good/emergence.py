"""Good calls of concept graphs, and of what is computed on them."""

from typing import Any

from simtheory import ConceptGraph

GRAPH = ConceptGraph([[0, 0], [1, 0], [0, 1]], sigma=0.1)
CLASSES = [[1, 1], [0, 1]]

COMMON: dict[str, Any] = {
    "graph": GRAPH,
    "train": GRAPH.train,
    "classes": CLASSES,
    "weak": 0.2,
    "f": 0.5,
}

OWN: dict[str, dict[str, Any]] = {
    "ConceptGraph": {"train": GRAPH.train},
    "ConceptGraph.ball": {"n": 4, "radius": 2},
    "ConceptGraph.decode": {"outputs": [[0.2, 0.9]]},
    "ConceptGraph.from_dict": {"values": GRAPH.to_dict()},
    "ConceptGraph.name": {"values": (1, 1)},
    "ConceptGraph.shares": {"outputs": [[0.2, 0.9], [1.0, 1.0]]},
    "ConceptGraph.star": {"n": 4},
    "tasks.emergence": {"values": 3},
}

FILLING: dict[str, Any] = {"ConceptGraph": GRAPH}
