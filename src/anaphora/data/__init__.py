"""Readers and vocabularies: what a person brings, as NumPy arrays; torch is never imported here."""
