"""Sessions on a real Jupyter Kernel Gateway."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

import pytest
from blockbuster import blockbuster_ctx

from langgraph_tumix.errors import InterpreterError
from langgraph_tumix.interpreter import CellStatus, Interpreter, Session
from langgraph_tumix.interpreter.gateway import GatewayInterpreter
from tests.gateway.conftest import RealGateway

pytestmark = pytest.mark.server

FRESH = "[this is a fresh kernel: the variables and imports of earlier cells are gone]"
DISPLAY = "from IPython.display import Image, display; "


@contextlib.asynccontextmanager
async def opened(interpreter: Interpreter) -> AsyncIterator[Session]:
    session = await interpreter.open()
    try:
        yield session
    finally:
        await session.aclose()


async def answers(interpreter: Interpreter) -> str:
    async with opened(interpreter) as session:
        return (await session.run("print(6 * 7)", seconds=30)).output


async def soon(condition: Callable[[], bool], *, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(condition):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


@pytest.fixture(scope="module")
async def session(gateway: RealGateway) -> AsyncIterator[Session]:
    """A session that tests share: none of them may lose the kernel."""
    async with opened(gateway.interpreter()) as session:
        yield session


@pytest.mark.parametrize(
    ("code", "status", "output"),
    [
        ("print(6 * 7)", "ok", "42"),
        ("6 * 7", "ok", "42"),
        ("x = 1", "ok", "(no output: use print to see values)"),
        ("", "ok", "(no output: use print to see values)"),
        ("await __import__('asyncio').sleep(0.001); 5", "ok", "5"),
        ("%%bash\necho a; echo b", "ok", "a\nb"),
        ("1/0", "error", "ZeroDivisionError: division by zero"),
        ("x = (", "error", "SyntaxError"),
        ("input()", "error", "StdinNotImplementedError"),
        ("import sys; sys.exit('so long')", "error", "SystemExit: so long"),
        ("x = '\ud800'", "error", "not run: the code is not valid Unicode"),
        ("x = '" + "😀" * 999_980 + "'; len(x)", "ok", "999980"),
        ("1" * 1_000_001, "error", "not run: the code is longer than 1,000,000 characters"),
        ("'x' * 5_000_000", "ok", "characters cut ...]"),
        (r"print('\x1b[31mred\x1b[0m\x07\u202e')", "ok", "red"),
        (DISPLAY + "display(Image(data=b'0' * 9000, format='png'))", "ok", "[image/png, 9 kB, not shown]"),
        ("print('x' * 2_000_000)", "ok", "characters cut ...]"),
        ("raise ValueError('x' * 1_000_000)", "error", "characters cut ...]"),
    ],
)
async def test_cells(session: Session, code: str, status: CellStatus, output: str) -> None:
    result = await session.run(code, seconds=20)
    assert (result.status, result.state_lost) == (status, False)
    assert output in result.output
    assert len(result.output) < 8200
    assert "\x1b" not in result.output


async def test_state_is_kept_through_an_interrupt(session: Session) -> None:
    await session.run("value = 42", seconds=5)
    result = await session.run("while True: pass", seconds=0.5)
    assert (result.status, result.state_lost) == ("timeout", False)
    assert result.output.endswith("[stopped at the limit of 0.5 s; the variables are kept]")
    assert 0.5 <= result.seconds < 2
    assert (await session.run("value", seconds=5)).output == "42"


async def test_a_kernel_does_not_see_the_gateway_s_environment(session: Session) -> None:
    names = (await session.run("import os; print(*os.environ)", seconds=5)).output.split()
    assert "PATH" in names
    assert not {"SECRET", "KG_AUTH_TOKEN"} & set(names)


async def test_waiting_takes_no_time(session: Session) -> None:
    await session.run("import time", seconds=5)
    begun = time.process_time()
    await session.run("time.sleep(0.5)", seconds=5)
    assert time.process_time() - begun < 0.1


LOST: list[tuple[str, float, CellStatus, str]] = [
    ("import signal; signal.signal(2, signal.SIG_IGN)\nwhile True: pass", 0.5, "timeout", "the limit of 0.5 s"),
    ("import os; os._exit(3)", 20, "died", "[the kernel died (the gateway restarted it): all variables and"),
    ("'x' * 20_000_000", 20, "died", "[the kernel died (a message was larger than 16 MiB)"),
]


async def test_lost_kernels_are_replaced_and_deleted(gateway: RealGateway) -> None:
    before = set(gateway.kernels())
    interpreter = gateway.interpreter(max_kernels=6)

    async def lose(code: str, seconds: float, status: CellStatus, output: str) -> None:
        async with opened(interpreter) as session:
            result = await session.run(code, seconds=seconds)
            assert (result.status, result.state_lost) == (status, True)
            assert output in result.output
            assert result.seconds < min(seconds + 5, 15)  # a gateway looks every three seconds
            after = await session.run("print(1 + 1)", seconds=10)
            assert (after.status, after.output, after.state_lost) == ("ok", f"{FRESH}\n2", False)
            assert (await session.run("print(3)", seconds=10)).output == "3"

    await asyncio.gather(*(lose(*case) for case in LOST))
    assert set(gateway.kernels()) == before


async def test_sessions_do_not_share_state_and_leave_nothing(gateway: RealGateway) -> None:
    before = set(gateway.kernels())
    interpreter = gateway.interpreter()
    one, other = await asyncio.gather(interpreter.open(), interpreter.open())
    assert len(gateway.kernels()) == len(before) + 2
    await one.run("x = 1", seconds=5)
    assert "NameError" in (await other.run("x", seconds=5)).output
    running = asyncio.create_task(other.run("while True: pass", seconds=60))
    await asyncio.sleep(0.2)
    await asyncio.gather(one.aclose(), one.aclose(), other.aclose())
    assert (await running).status == "died"
    with pytest.raises(InterpreterError, match="the session is closed"):
        await one.run("1", seconds=1)
    assert set(gateway.kernels()) == before


async def test_cancelling_deletes_the_kernel(gateway: RealGateway) -> None:
    before = set(gateway.kernels())
    interpreter = gateway.interpreter(max_kernels=1)
    for delay in (0, 0.2):
        opening = asyncio.create_task(interpreter.open())
        await asyncio.sleep(delay)
        opening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await (await opening).aclose()  # it was open in time
    session = await interpreter.open()  # the place was given back
    running = asyncio.create_task(session.run("while True: pass", seconds=60))
    await asyncio.sleep(0.3)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 1)
    assert await soon(lambda: set(gateway.kernels()) == before)
    assert FRESH in (await session.run("1", seconds=5)).output
    await session.aclose()
    assert set(gateway.kernels()) == before


def test_one_interpreter_serves_one_event_loop_after_another(gateway: RealGateway) -> None:
    before = set(gateway.kernels())
    interpreter = gateway.interpreter(max_kernels=1)

    assert asyncio.run(answers(interpreter)) == "42"

    async def forget() -> Session:
        return await interpreter.open()

    assert asyncio.run(forget())
    assert asyncio.run(soon(lambda: set(gateway.kernels()) == before))


async def test_the_event_loop_is_never_blocked(gateway: RealGateway) -> None:
    with blockbuster_ctx():
        async with opened(gateway.interpreter()) as session:
            assert (await session.run("print(1)", seconds=10)).output == "1"
            assert (await session.run("while True: pass", seconds=0.2)).status == "timeout"


@pytest.mark.parametrize("token", ["", "wrong"])
async def test_a_wrong_token(gateway: RealGateway, token: str) -> None:
    with pytest.raises(InterpreterError, match=r"answered 401 .*: check the token") as caught:
        await GatewayInterpreter(gateway.url, token=token).open()
    assert "wrong" not in str(caught.value)


async def test_a_kernel_that_the_gateway_does_not_have(gateway: RealGateway) -> None:
    with pytest.raises(InterpreterError, match=r"answered 500 .*has it a kernel named 'fortran'\?"):
        await gateway.interpreter(kernel_name="fortran").open()
