"""Proofs on the tied two-layer net: its forms, its laws, and further approximations."""
