"""Functions of arrays that several subjects share; no user names them."""
