"""Linear denoisers trained against theory, and the claims about them."""
