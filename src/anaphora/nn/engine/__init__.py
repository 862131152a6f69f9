"""From a module's forward to the kernels, and the operations that run where the kernels cannot."""
