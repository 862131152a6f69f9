"""Fill: predict a missing word from the text on both sides of it."""
