"""Linear denoisers.

Figures of {cite:t}`wang2025`: which mode of the data emerges when in the samples of a denoiser.
"""
