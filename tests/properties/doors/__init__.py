"""Calls at all public entries with one wrong argument: entries, good arguments, wrong ones, verdicts.

``python -m tests.properties.doors 5000 [seed]`` draws as many calls and prints those that break a rule.

A new topic adds its calls in one file, ``good/topic.py``, which is found by its folder. The file may
declare, each a mapping and each optional:

* ``COMMON``: a good value by the *name of a parameter*. Two files may not give one name two values.
* ``OWN``: good arguments of an *entry* (``"sim.descend"``) or of a *room* (``"analytic.denoiser"``),
  whose names leave out ``simtheory.``. They go before the common ones. Those of a room serve where an
  entry requires them; those of an entry are always passed. A method is an entry too
  (``"Trajectory.member"``); its object is what the good call of its class returns.
* ``FILLING``: a value by the *type* of a field (``"GaussianMixture"``), for answers of functions.
* ``LEFT_OUT``: entries and rooms that are no functions of a caller's arguments, each with the reason.
* ``COSTLY``: a set of the last names of entries that train or run for long; they are passed strangers only.
* ``MAY_BE_NAN``: a tuple of regular expressions of entries, ``room.entry``, or of one of their
  parameters, ``room.entry(name)``, whose NaN stands for what is not known.

Most entries need no line: an argument of a known name (``task``, ``t``, ``rng``) has its good value.
"""

from tests.properties.doors.entries import Entry, entries
from tests.properties.doors.good import COSTLY, good
from tests.properties.doors.good.things import NOISY, TASK
from tests.properties.doors.judge import Call, calls, drawn, quiet

__all__ = ["COSTLY", "NOISY", "TASK", "Call", "Entry", "calls", "drawn", "entries", "good", "quiet"]
