"""Reading files: texts, tables, pairs, tagged sentences, lines of a pipe."""
