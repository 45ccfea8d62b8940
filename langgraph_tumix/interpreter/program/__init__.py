"""The program of a kernel's process: an ipykernel without its ballast, whose messages an honest client can bear.

A fork server imports it once for all kernels, or `cold` runs it. It imports nothing of this package but what stands
beside it, for the package's import would cost more than the kernel itself.
"""
