"""Small conditional diffusion models of concepts, and the claims about them."""
