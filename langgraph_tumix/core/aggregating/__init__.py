"""Aggregators beyond the majority: weighted votes, ranks, tests, tournaments, model calls."""
