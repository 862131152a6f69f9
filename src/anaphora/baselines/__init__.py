"""The simple methods that a network is set beside."""
