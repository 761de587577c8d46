"""What is registered about one labelled result."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Equation"]


@dataclass(frozen=True, slots=True)
class Equation:
    """One labelled result.

    Parameters
    ----------
    label : str
        Its name, the same in code, proofs and docs.
    title : str
        What it gives, in a few words.
    error : str
        ``"exact"``, or the order of the error in the small parameter.
    regime : str
        Where it holds.
    source : str
        Key of the paper in the bibliography.
    where : str
        Place in that source, or that it was derived here.
    topic : str
        The file name of its topic on every road; the register fills it in.
    """

    label: str
    title: str
    error: str
    regime: str
    source: str
    where: str
    topic: str = ""

    @property
    def exact(self) -> bool:
        """Whether the result holds without error inside its regime."""
        return self.error == "exact"
