"""The SIM task: its networks and flows, and the claims that read them."""
