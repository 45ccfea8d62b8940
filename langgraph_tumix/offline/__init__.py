"""The embedded default: a model, a corpus and questions with which everything runs without a key.

Nothing that comes from here is a result: the model is a small solver that simulates a chat model, mistakes included,
and the corpus tells of an invented world.
"""

from langgraph_tumix.offline.library import Article, SampleQuestion, articles, questions
from langgraph_tumix.offline.model import OfflineChatModel

__all__ = ["Article", "OfflineChatModel", "SampleQuestion", "articles", "questions"]
