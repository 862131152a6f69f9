"""Looking at a run and at a model: pictures that end in a diagnosis."""
