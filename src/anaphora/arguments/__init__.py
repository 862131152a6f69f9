"""Arguments of public functions: which values they accept, and the names by which users of other programs know them."""
