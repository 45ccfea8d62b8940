"""What a session makes of cells that leave the kernel alive."""

import asyncio
from pathlib import Path

import pytest

from langgraph_tumix.errors import ConfigError
from langgraph_tumix.interpreter import CellStatus, Session
from tests.interpreter.levels import Make

pytestmark = pytest.mark.kernel

RICH = "from IPython.display import HTML, Image, Markdown, display\n"


@pytest.mark.parametrize(
    ("code", "status", "output"),
    [
        ("print(6 * 7)", "ok", "42"),
        ("6 * 7", "ok", "42"),
        ("x = 1", "ok", "(no output: use print to see values)"),
        ("", "ok", "(no output: use print to see values)"),
        ("print()", "ok", "(no output: use print to see values)"),
        ("import asyncio\nawait asyncio.sleep(0.001)\n5", "ok", "5"),
        ("%%bash\necho a; echo b", "ok", "a\nb"),
        ("!echo $HOME | grep -c work", "ok", "1"),
        ("%no_such_magic", "ok", "UsageError: Line magic function `%no_such_magic` not found."),
        ("1/0", "error", "last):\n  Cell In[N], line 1\n    1/0\nZeroDivisionError: division by zero"),
        ("x = (", "error", "  Cell In[N], line 1\n    x = (\n         ^\n"),
        ("input()", "error", "StdinNotImplementedError"),
        ("import sys; sys.exit('so long')", "error", "SystemExit: so long"),
        ("print('a'); exit(); print('b')", "error", "a\nSystemExit"),
        ("x = '\0'", "error", "SyntaxError: source code string cannot contain null bytes"),
        ("x = '\ud800'", "error", "not run: the code is not valid Unicode, character 5 is a lone surrogate"),
        ("1" * 2_000_001, "error", "not run: the code has 2,000,001 characters, and 2,000,000 is the most"),
        ("x = '" + "a" * 1_000_000 + "'; len(x)", "ok", "1000000"),
        (r"print('a\ud800b')", "ok", r"a\ud800b"),
        (r"print('\x1b[31mred\x1b[0m\x07\u202e')", "ok", "red"),
        (r"for i in range(101): print(f'\r{i} %', end='')", "ok", "100 %"),
        (RICH + "display(Image(data=b'0' * 9000, format='png'))", "ok", " object>\n[image/png, 9 kB, not shown]"),
        (RICH + "display(Image(data=b'0' * 9_000_000, format='png'))", "ok", "[image/png, too large to send, not"),
        (RICH + "print('a'); display(HTML('<i>')); print('b')", "ok", "[text/html, 3 B, not shown]\nb"),
        (RICH + "Markdown('*m*')", "ok", "*m*"),
        ("len?", "ok", "Docstring: Return the number of items in a container."),
        ("bytearray(3 << 30)", "error", "MemoryError"),
        ("'x' * 20_000_000", "ok", "\n[19,868,930 more characters were cut out of the middle]"),
        ("raise ValueError('x' * 20_000_000)", "error", "characters cut ...]"),
        ("import json; json.loads('{')", "error", "\n    import json; json.loads('{')\nJSONDecodeError: Expecting"),
        ("def f(n): return f(n + 1)\nf(0)", "error", "frames cut ...]"),
    ],
)  # fmt: skip
async def test_cells(session: Session, code: str, status: CellStatus, output: str) -> None:
    result = await session.run(code, seconds=20)
    place, _, rest = output.partition("[N]")
    assert result.status == status
    assert place in result.output
    assert rest in result.output
    assert len(result.output) < 8200
    assert not result.state_lost
    assert "\x1b" not in result.output


async def test_state_is_kept(session: Session) -> None:
    await session.run("import math\nvalue = math.tau\ndef double(x): return 2 * x", seconds=5)
    await session.run("raise RuntimeError", seconds=5)
    result = await session.run("print(double(value))", seconds=5)
    assert result.output == "12.566370614359172"
    assert 0 < result.seconds < 5


async def test_output_and_errors_keep_their_order(session: Session) -> None:
    code = """
import os, sys
for i in range(100):
    print("out", i); os.write(2, b"C err\\n"); print("err", i, file=sys.stderr); os.write(1, b"C out\\n")
os.system("echo child")
1 / 0
"""
    result = await session.run(code, seconds=5)
    expected = [line for i in range(100) for line in (f"out {i}", "C err", f"err {i}", "C out")]
    assert result.output.split("\n")[:402] == [*expected, "child", "Traceback (most recent call last):"]


async def test_what_children_write_is_there_when_the_cell_is_done(session: Session) -> None:
    cells = [
        "import subprocess, sys; subprocess.run(['echo', 'child'])",
        "import os; os.system('echo child >&2')",
        "os.write(1, 'ch\u00efld\\n'.encode()[:3]); os.write(2, 'ch\u00efld\\n'.encode()[3:]);",
        "subprocess.run(['echo', 'child'], stdout=sys.stdout, stderr=sys.stderr);",
    ]
    await session.run("import sys; sys.setswitchinterval(1)", seconds=5)  # the thread that reads the pipe gets no turn
    for _ in range(10):
        for cell in cells:
            output = (await session.run(cell, seconds=5)).output
            assert output.splitlines()[0].replace("\u00ef", "i") == "child"
    await session.run("sys.setswitchinterval(0.005)", seconds=5)


async def test_a_forked_child_writes_too(session: Session, level: str) -> None:
    if level == "confined":
        pytest.skip("a pool needs /dev/shm, which all processes of the machine share")
    code = """
import multiprocessing
def work(n):
    print("in child", n, flush=True)
    return n * n
with multiprocessing.get_context("fork").Pool(2) as pool: print(sum(pool.map(work, range(4))))
"""
    lines = (await session.run(code, seconds=20)).output
    assert lines.count("in child") == 4
    assert "14" in lines


async def test_nothing_is_lost_when_output_comes_fast(session: Session) -> None:
    result = await session.run("for i in range(2000): display(f'{i:07}')", seconds=20)
    assert result.status == "ok"
    assert result.output.startswith("'0000000'\n")
    assert f"[... {2000 * 10 - 8000:,} characters cut ...]" in result.output
    assert result.output.endswith("'0001999'")


async def test_files_written_in_one_cell_are_modules_in_the_next(session: Session) -> None:
    await session.run("%%writefile helper.py\nanswer = 42", seconds=5)
    assert (await session.run("import helper; helper.answer", seconds=5)).output == "42"


async def test_cells_asked_for_at_once_run_one_after_another(session: Session) -> None:
    await session.run("import time; trail = []", seconds=5)
    cells = [f"trail.append({i}); time.sleep(0.02); trail.append({i})" for i in range(5)]
    await asyncio.gather(*(session.run(cell, seconds=5) for cell in cells))
    assert (await session.run("trail", seconds=5)).output == str([i for i in range(5) for _ in "ab"])


async def test_what_is_printed_between_cells_is_not_taken_for_the_next_ones(session: Session) -> None:
    late = "import threading, time\ndef later(): time.sleep(0.1); print('late')\nthreading.Thread(target=later).start()"
    await session.run(late, seconds=5)
    await asyncio.sleep(0.5)
    assert (await session.run("print('on time')", seconds=5)).output == "on time"


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
async def test_a_limit_that_is_none_is_the_callers_mistake(session: Session, seconds: float) -> None:
    with pytest.raises(ConfigError, match="seconds must be above 0"):
        await session.run("1", seconds=seconds)


async def test_the_host_s_environment_stays_with_the_host(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted-secret")
    monkeypatch.setenv("PYTHONPATH", "planted-secret")
    session = await make(memory_mb=1025).open()
    code = """
import os, sys
print(os.environ, sys.path, sys.argv)
try: print(open('/proc/self/environ').read())
except OSError: pass
"""
    try:
        shown = await session.run(code, seconds=5)
        names = await session.run("print(*os.environ)", seconds=5)
    finally:
        await session.aclose()
    assert "HOME" in shown.output
    assert "planted-secret" not in shown.output
    assert "interpreter'" not in shown.output  # where this package keeps its own modules
    allowed = {
        *("PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "IPYTHONDIR", "MPLBACKEND", "PYTHONDONTWRITEBYTECODE"),
        *("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JPY_PARENT_PID"),
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
        *("TERM", "PAGER", "GIT_PAGER", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR"),  # ipykernel's own
    }
    assert set(names.output.split()) <= allowed


async def test_limits_are_on_and_the_place_is_private(make: Make) -> None:
    session = await make(memory_mb=1024, files=128, cpu_seconds=100, disk_mb=8).open()
    code = """
import os, resource
print([resource.getrlimit(getattr(resource, "RLIMIT_" + name))[0] for name in ("AS", "CPU", "CORE", "NOFILE")])
print(os.path.basename(os.getcwd()), os.listdir(), oct(os.stat("..").st_mode & 0o777), oct(os.stat(".").st_mode & 0o77))
"""
    result = await session.run(code, seconds=5)
    big = await session.run("open('big', 'wb').truncate(1 << 30)", seconds=5)
    await session.aclose()
    assert result.output == "[1073741824, 100, 0, 128]\nwork [] 0o700 0o0"
    assert "OSError: [Errno 27] File too large" in big.output


async def test_an_error_says_what_there_is_instead(session: Session, level: str) -> None:
    missing = await session.run("import no_such_package", seconds=5)
    assert "No module named 'no_such_package'" in missing.output
    assert "(Packages that are there: " in missing.output
    assert "numpy" in missing.output
    refused = await session.run("open('/etc/passwd', 'a')" if level != "cold" else "1", seconds=5)
    assert ("(This code runs in a sandbox, where it cannot " in refused.output) == (level in ("sandbox", "confined"))


@pytest.mark.parametrize(
    "code", ["!ls", "import os; os.system('echo no')", "import os; os.posix_spawn('/bin/ls', ['ls'], {})"]
)
async def test_no_processes_unless_asked_for(make: Make, level: str, code: str) -> None:
    session = await make().open()
    result = await session.run(code, seconds=5)
    await session.aclose()
    assert ("cannot start processes" in result.output or "32512" in result.output) == (level in ("sandbox", "confined"))


async def test_lent_folders_are_there_to_be_read(make: Make, level: str, tmp_path: Path) -> None:
    (tmp_path / "lent").mkdir()
    (tmp_path / "lent" / "data.csv").write_text("a,b", encoding="ascii")
    (tmp_path / "kept").mkdir()
    session = await make(folders=[tmp_path / "lent"]).open()
    lent = await session.run(f"print(open('{tmp_path}/lent/data.csv').read())", seconds=5)
    tries = [f"open('{tmp_path}/lent/new', 'w')", f"import os; os.listdir('{tmp_path}/kept')"]
    refused = [(await session.run(code, seconds=5)).status == "error" for code in tries]
    await session.aclose()
    if level != "confined":  # where the kernel's own user does not get through to where pytest keeps its files
        assert lent.output == "a,b"
    assert refused == [level in ("sandbox", "confined")] * 2


async def test_the_network_is_there_if_asked_for(make: Make, level: str) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    code = f"import socket; socket.create_connection({server.sockets[0].getsockname()}).close(); print('connected')"
    with_network, without = await make(network=True).open(), await make().open()
    assert (await with_network.run(code, seconds=5)).output == "connected"
    assert ((await without.run(code, seconds=5)).output == "connected") == (level in ("process", "cold"))
    unix = "import socket; socket.socket(socket.AF_UNIX)"
    assert (await with_network.run(unix, seconds=5)).status == ("error" if level in ("sandbox", "confined") else "ok")
    await asyncio.gather(with_network.aclose(), without.aclose())
    server.close()


async def test_kernels_do_not_draw_the_same_random_numbers(make: Make) -> None:
    interpreter = make()
    sessions = await asyncio.gather(*(interpreter.open() for _ in range(3)))
    code = "import random, uuid, numpy; print(random.random(), uuid.uuid4(), numpy.random.random())"
    drawn = [(await session.run(code, seconds=10)).output.split() for session in sessions]
    await asyncio.gather(*(session.aclose() for session in sessions))
    assert all(len(set(column)) == 3 for column in zip(*drawn, strict=True))
