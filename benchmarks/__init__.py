"""Speed of simtheory and of other solvers, as ratios within one run at equal achieved error.

No test holds an absolute time.
"""
