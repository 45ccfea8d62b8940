"""TUMIX for LangGraph Studio, on the model that TUMIX_MODEL names; without it, on the embedded offline one."""

import os

from langgraph_tumix import create_tumix

graph = create_tumix(os.environ.get("TUMIX_MODEL", "offline"))
