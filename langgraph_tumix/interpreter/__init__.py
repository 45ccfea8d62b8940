"""Running code: the protocol, and Jupyter kernels behind it."""

from langgraph_tumix.interpreter.base import CellResult, CellStatus, Interpreter, Isolation, Session
from langgraph_tumix.interpreter.gateway import GatewayInterpreter
from langgraph_tumix.interpreter.jupyter import JupyterInterpreter

__all__ = [
    "CellResult",
    "CellStatus",
    "GatewayInterpreter",
    "Interpreter",
    "Isolation",
    "JupyterInterpreter",
    "Session",
]
