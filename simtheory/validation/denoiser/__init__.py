"""Linear denoisers: their training, and the claims that read it."""
