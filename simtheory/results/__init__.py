"""The frozen results in which every road ends."""

from simtheory.results.trajectory import Trajectory

__all__ = ["Trajectory"]
