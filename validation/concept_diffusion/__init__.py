"""Diffusion models of concepts.

Conditional denoisers of vectors and images that are asked for a combination of concepts that they never
saw. No closed form is known for these nets, and their steps have no canonical clock. {doc}`diffusion`
explains the experiments and lists the numbers.
"""
