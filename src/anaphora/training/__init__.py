"""One training loop for every task; the model, the data, the validation and the observers are its arguments."""
