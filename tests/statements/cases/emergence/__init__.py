"""Cases of labels on concept graphs."""
