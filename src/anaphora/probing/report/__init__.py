"""The page of a run: one HTML file that says how it goes, drawn from the run's folder alone."""
