"""Composed diffusion models.

Figures of {cite:t}`du2023` and of the papers around it, with exact scores: what samplers return of products,
mixtures, negations, guidance and composed objects, with the closed forms beside it. The learned ones train
small nets.
"""
