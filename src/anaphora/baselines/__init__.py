"""Simple methods with which a network is compared."""
