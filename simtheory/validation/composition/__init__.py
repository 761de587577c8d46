"""Composed diffusion models: trained experts, their samplers, and the claims about them."""
