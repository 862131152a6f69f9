"""Tag: a label for every word of a sentence, all labels scored together."""
