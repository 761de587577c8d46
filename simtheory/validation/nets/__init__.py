"""Networks, what they are trained on, and how."""
