"""One file per command of the ``anaphora`` program; each is imported when its command is asked for, not before."""
