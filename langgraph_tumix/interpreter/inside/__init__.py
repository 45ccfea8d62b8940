"""What runs on the kernels' side: the fork server, the walls, and the self-test.

These modules run in a process that imports nothing else of this package: see `__main__`.
"""
