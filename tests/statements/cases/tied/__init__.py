"""Cases of the tied two-layer net."""
