"""Texts as integers: vocabularies, and corpora of any size."""
