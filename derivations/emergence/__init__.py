"""Proofs on concept graphs: regression and kernels (graphs), linear diffusion (diffusion)."""
