"""Hostile programs, and what becomes of them at each level of isolation: ``python -m tests.hostile``."""
