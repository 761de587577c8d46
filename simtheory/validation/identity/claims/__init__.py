"""The claims about the SIM task, in files named by what they test.

=============  ================================================================================
file           what its claims test
=============  ================================================================================
`orders`       in which order concepts are learned, and how learning ends
`swing`        when the test loss rises before it falls, and what has no part in it
`maps`         swing-by over the cosine of the rows, the width and the depth
`entries`      the tied flow: learning times, descents, where it ends
`replays`      the paper's figures from their released seeds, and its formulas as printed
=============  ================================================================================
"""

from simtheory._names import public
from simtheory.validation.identity.claims import entries, maps, orders, replays, swing

__all__ = ["CLAIMS"]

CLAIMS = (*orders.CLAIMS, *swing.CLAIMS, *maps.CLAIMS, *entries.CLAIMS, *replays.CLAIMS)

public(__name__)
