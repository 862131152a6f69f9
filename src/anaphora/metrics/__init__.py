"""Every figure that a report prints, with its formula."""
