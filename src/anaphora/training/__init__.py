"""One training loop for every task: what to train, on what, how it is judged and who watches are its arguments."""
