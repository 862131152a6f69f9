"""The parts that every task shares."""
