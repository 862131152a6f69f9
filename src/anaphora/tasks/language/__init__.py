"""Language: read a text unit by unit, and give the probability of each next unit."""
