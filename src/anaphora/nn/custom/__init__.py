"""A recurrent layer over a cell of one's own."""
