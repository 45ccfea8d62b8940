"""A kernel that starts from nothing: ``python -I inside program.cold CONNECTION_FILE LIMITS``."""

import json
import os
import sys
import traceback
from pathlib import Path

from langgraph_tumix.interpreter.program.limits import die_with_parent, limit_resources


def main(connection_file: str, limits: str) -> None:
    """Run the kernel until the process is killed; what keeps it from running is written beside the connection file."""
    sys.argv[1:] = []
    try:
        die_with_parent(int(os.environ["JPY_PARENT_PID"]))
        sys.modules["debugpy"] = None  # type: ignore[assignment]  # ipykernel then starts 0.1 s and 10 MB lighter
        from langgraph_tumix.interpreter.program.app import application

        for name in [name for name in sys.modules if name.startswith("langgraph_tumix")]:
            del sys.modules[name]  # the code in the kernel has no part in them
        limit_resources(json.loads(limits))
        application(json.loads(Path(connection_file).read_text(encoding="utf-8")), {}).start()  # type: ignore[no-untyped-call]
    except BaseException as error:  # noqa: BLE001 - whatever it was, someone is waiting to be told
        reason = "".join(traceback.format_exception_only(error)).strip()
        Path(connection_file).with_name("failure").write_text(reason, encoding="utf-8")
        os._exit(1)  # an orderly end would wait for threads that may not even have started
