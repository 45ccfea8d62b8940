"""Controllers: CMC, Parallel-Probe and our own race."""
