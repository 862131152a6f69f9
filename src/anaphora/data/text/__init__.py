"""Texts as whole numbers: vocabularies, and corpora of any size."""
