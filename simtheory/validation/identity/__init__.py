"""The claims about the SIM task, with the networks and flows that test them.

Every measurement is a function of a `Budget`. Those that train a network use one seed for data and
start; those that integrate a flow draw `budget.starts` random starts from one generator.
"""

from simtheory.validation.identity import entries, maps, orders, replays, swing

__all__ = ["CLAIMS"]

CLAIMS = (*orders.CLAIMS, *swing.CLAIMS, *maps.CLAIMS, *entries.CLAIMS, *replays.CLAIMS)
