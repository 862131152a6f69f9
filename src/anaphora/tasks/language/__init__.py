"""Language: a text is read unit by unit, and the model says how likely each next unit is."""
