"""The fork server's program: ``python -I inside CONTROL HOST TERMS``.

It imports this package's own modules but not the package, whose import would take longer than all the rest; code in
a kernel never sees them.

Args (on the command line):
    CONTROL: The descriptor of a socket to the host.
    HOST: A descriptor of the host's process.
    TERMS: `Terms`, packed.
"""

import sys
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
    from langgraph_tumix.interpreter.inside.server import main

    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
