"""Fill: a word is missing, and the model says from both sides which it may be."""
