"""What can go wrong on the wire, for everyone who listens to it: ``python -m tests.faults``."""
