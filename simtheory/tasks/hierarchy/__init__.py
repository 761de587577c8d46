r"""Strings that a tree grammar writes: the random hierarchy model, and any tree of a fixed shape.

Problem
-------
A symbol of level l is rewritten by one of its rules as a tuple of symbols of level l − 1, from the
root, level L, down to the tokens, level 0. All nodes of a level share their rules. What can a model
of the strings know after it has seen P of them?

Symbols
-------
L : depth; s : branching; d : number of tokens, s^L; v : symbols of a level; n_c : symbols of the root,
the *classes*; m : rules of a symbol; f = m/v^(s−1) : share of all tuples that some rule writes.

Reading
-------
Levels are counted from the leaves: ``rules[l - 1]`` holds the rules of level l, which write symbols of
level l − 1. The released code of favero2025 counts from the root. A grammar is *unambiguous* if no
tuple is written twice; then every string has one tree, and strings can be numbered.
"""

from simtheory._names import public
from simtheory.tasks.hierarchy.random_hierarchy import RandomHierarchy, as_grammar
from simtheory.tasks.hierarchy.tree import TreeGrammar

__all__ = ["RandomHierarchy", "TreeGrammar", "as_grammar"]

public(__name__)
