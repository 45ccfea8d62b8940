"""Allocators beyond all-agents-every-round and batches of samples."""
