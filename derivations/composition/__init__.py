"""Proofs on compositions of diffusion models."""
