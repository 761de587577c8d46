"""Nets that draw bumps and stripes, trained on some labels and asked for others, and the claims about them."""
