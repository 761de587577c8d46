"""Claims, the evidence for them, and the records of testing them."""
