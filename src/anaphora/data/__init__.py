"""Readers and vocabularies: the user's data as NumPy arrays, without torch."""
