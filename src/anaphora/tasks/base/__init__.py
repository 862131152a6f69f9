"""What every task is built of."""
