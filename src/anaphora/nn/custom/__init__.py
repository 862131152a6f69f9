"""A recurrent layer over a custom cell."""
