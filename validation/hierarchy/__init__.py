"""Hierarchies.

Figures of {cite:t}`favero2025`, {cite:t}`sclocchi2025`, {cite:t}`cagnetta2024tokens` and {cite:t}`cagnetta2024`: strings of
random grammars, explained exactly, counted, and learned by small denoisers. Grids and axes of the papers' panels
are not confirmed, and sizes here are those of a laptop: each figure says which statement it stands for.
"""
