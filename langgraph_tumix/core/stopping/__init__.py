"""Stop rules beyond the paper's own: by votes, by limits, by trend and by expected gain."""
