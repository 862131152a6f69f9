"""Translate: a text in, another text out."""
