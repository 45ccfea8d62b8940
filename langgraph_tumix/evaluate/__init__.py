"""What accuracy costs, on questions of your own: tasks, scores, runs, baselines."""

from langgraph_tumix.evaluate.datasets import load
from langgraph_tumix.evaluate.evaluation import Evaluation

__all__ = ["Evaluation", "load"]
