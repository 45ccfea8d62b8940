"""A program of the kernels' side: ``python -I inside MODULE ARGUMENTS``, e.g. ``inside.server`` or ``program.cold``.

It imports this package's own modules but not the package, whose import would take longer than all the rest; code in
a kernel never sees them. The module's `main` is called with the arguments.
"""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent


def _stand_in(name: str, place: Path) -> None:
    package = ModuleType(name)
    package.__path__ = [str(place)]
    sys.modules[name] = package


if __name__ == "__main__":
    _stand_in("langgraph_tumix", HERE.parents[1])
    _stand_in("langgraph_tumix.interpreter", HERE.parent)
    del sys.path[0]  # this folder, which Python puts there
    import_module(f"langgraph_tumix.interpreter.{sys.argv[1]}").main(*sys.argv[2:])
