"""Checks of data: they find problems before anything is trained."""
