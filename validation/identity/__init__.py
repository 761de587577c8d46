"""Concepts in the SIM task.

Figures of {cite:t}`yang2024`, and of the theory behind them. The paper's figures are drawn twice: *as
stated*, with the numbers of its text, and *as released*, with those of its published scripts, which often
differ. Released starts are replayed exactly.
"""
