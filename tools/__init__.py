"""Tools for your own graphs, wired for `graphs/` and written to be copied: each file stands alone."""
