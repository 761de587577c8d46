"""Percolation and factorisation.

Figures of {cite:t}`liang2024` and of its follow-up: nets that draw a bump, or two crossing stripes, at a labelled place,
asked for labels that they never saw. The papers' nets, noise, widths and tolerances are not stated; here they are MLPs of
192×2 on images of 16×16, which test the mechanism and not the numbers. Unless said otherwise the canvas is a torus, the code of
the label is a sinusoid of each factor with wavelengths down to 4 pixels, and a sample is right where its centre is within
one pixel of the label on both axes. Dashed lines are theory.
"""
