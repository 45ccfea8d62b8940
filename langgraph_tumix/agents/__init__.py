"""Agents: what they are, the paper's fifteen, how they are prompted, and the loop that runs them."""
