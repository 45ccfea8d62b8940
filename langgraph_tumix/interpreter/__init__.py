"""Running code: the protocol, and Jupyter kernels behind it, which are imported when they are first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from langgraph_tumix.interpreter.base import CellResult, CellStatus, Interpreter, Isolation, Session

if TYPE_CHECKING:
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

_LATER = {"GatewayInterpreter": "gateway", "JupyterInterpreter": "jupyter"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
