"""How a layer reaches the kernels, and what takes their place where kernels cannot compute."""
