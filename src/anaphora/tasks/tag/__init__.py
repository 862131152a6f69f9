"""Tag: a label for every word of a sentence, all of them judged together."""
