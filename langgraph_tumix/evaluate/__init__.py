"""What accuracy costs, on questions of your own: tasks, scores, runs, baselines."""
