"""Other packages on the same server, in one run, in turns: calls, tokens, dollars, CPU and wall time of a question.

python -m benchmarks.performance.peers --envs FOLDER [--make] [--write]
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.performance.peers.job import Job
from benchmarks.performance.server import MODEL, ROUNDS, asked, served
from langgraph_tumix.agents.tumix import FIFTEEN
from tests.faults.table import write_into

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PAGE = ROOT / "docs/performance.md"
SYSTEM = "You are one of several experts who work on the same question. End with your answer, written <<<answer>>>."
PRICES = {"input": 0.25, "cached": 0.025, "output": 2.0}
"""US dollars per million tokens."""

_OPTILLM = ["openai", "flask", "cerebras_cloud_sdk", "math-verify", "numpy", "networkx", "z3-solver<=4.15.4.0"]
_OPTILLM += ["sympy", "PyYAML", "aiohttp"]
ENVIRONMENTS = {
    "its-hub": [["its-hub[lm]==1.2.0"]],
    "optillm": [["--no-deps", "optillm==0.4.0"], _OPTILLM],
    "autogen": [["autogen-agentchat==0.7.5", "autogen-ext[openai]==0.7.5"]],
    "langchain": [["langchain>=1.3,<2", "langchain-openai>=1.7,<2"]],
}
"""What pip installs in each environment, command by command; of optillm's dependencies what these two ways import."""


@dataclass
class Peer:
    """A system: what a question means to it, its script and the way that it takes, and what its questions took.

    Attributes:
        environment: The folder of its environment; empty for this one.
    """

    name: str
    method: str
    script: str
    way: str = ""
    environment: str = ""
    took: list[dict[str, float]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    def python(self, envs: Path) -> Path:
        """Return the interpreter that runs its script."""
        return envs / self.environment / "bin/python" if self.environment else Path(sys.executable)

    def work(self, envs: Path, job: Job) -> None:
        """Run the script."""
        command = [self.python(envs), HERE / f"with_{self.script}.py"]
        ran = subprocess.run(
            command,
            input=json.dumps(asdict(job)),
            capture_output=True,
            text=True,
            check=False,
            env=os.environ if self.environment else os.environ | {"PYTHONPATH": str(ROOT)},
        )
        if ran.returncode:
            raise RuntimeError(f"{self.name} failed:\n{ran.stderr[-3000:]}")
        result = json.loads(ran.stdout.splitlines()[-1])
        self.took += [priced(question) for question in result["questions"]]
        self.versions = result["versions"]

    def median(self, figure: str) -> float:
        """Return the median over all questions."""
        return statistics.median(question[figure] for question in self.took)


def peers() -> list[Peer]:
    """Return all systems."""
    rounds = f"15 agents × {ROUNDS} rounds, each side by side; notes; vote"
    guided = f"{rounds}; six have a guide"
    return [
        Peer("its-hub, self-consistency", f"{15 * ROUNDS} samples side by side; vote", "its_hub", "", "its-hub"),
        Peer("optillm, MoA", "3 samples in one call; critique; answer", "optillm", "moa", "optillm"),
        Peer("optillm, MARS", "3 agents; aggregation; strategies; verification", "optillm", "mars", "optillm"),
        Peer("optillm, MARS alone", "the same without aggregation", "optillm", "mars, no aggregation", "optillm"),
        Peer("AutoGen, round robin", f"15 agents × {ROUNDS} turns, one at a time; vote", "autogen", "robin", "autogen"),
        Peer("AutoGen, GraphFlow", rounds, "autogen", "flow", "autogen"),
        Peer("create_agent, gathered", rounds, "create_agent", "", "langchain"),
        Peer("asyncio", rounds, "asyncio"),
        Peer("asyncio, aiohttp", rounds, "asyncio", "aiohttp"),
        Peer("ours, the same agents, all at once", rounds, "tumix", "same/off/"),
        Peer("ours, the same agents, one ahead", rounds, "tumix", "same/leader/"),
        Peer("ours, the same agents, one ahead, aiohttp", rounds, "tumix", "same/leader/aiohttp"),
        Peer("ours, the fifteen, all at once", guided, "tumix", "fifteen/off/"),
        Peer("ours, the fifteen, one ahead", guided, "tumix", "fifteen/leader/"),
        Peer("ours, the fifteen, one ahead, aiohttp", guided, "tumix", "fifteen/leader/aiohttp"),
    ]


def made(envs: Path) -> Iterator[str]:
    """Make the environments that are not there; yield the commands."""
    for name, installs in ENVIRONMENTS.items():
        if (envs / name).exists():
            continue
        commands = [[sys.executable, "-m", "venv", str(envs / name)]]
        commands += [[str(envs / name / "bin/pip"), "install", "-q", *what] for what in installs]
        for command in commands:
            yield " ".join(command)
            subprocess.run(command, check=True)


def measure(envs: Path, systems: list[Peer], questions: int, repetitions: int) -> None:
    """Have the systems answer in turns, each question a new one."""
    number = itertools.count()
    agents = {agent.name: agent.instruction for agent in FIFTEEN}
    with served(0.0, "benchmarks.performance.peers.model:respond") as url:
        for _ in range(repetitions):
            for peer in systems:
                texts = [asked(next(number))["question"] for _ in range(questions + 1)]
                peer.work(envs, Job(url, MODEL, peer.way, ROUNDS, SYSTEM, agents, texts))


def priced(question: dict[str, float]) -> dict[str, float]:
    """Add what a question's tokens cost: those that went in, and all."""
    cached, prompt, completion = (question[f"{kind}_tokens"] for kind in ("cached", "prompt", "completion"))
    paid = ((prompt - cached) * PRICES["input"] + cached * PRICES["cached"]) / 1e6
    return question | {"input": paid, "dollars": paid + completion * PRICES["output"] / 1e6}


def row(peer: Peer) -> str:
    """Return the row of a system."""
    calls, prompt = peer.median("calls"), peer.median("prompt_tokens")
    cpu, wall = 1000 * peer.median("cpu"), peer.median("wall")
    cells = [peer.name, peer.method, f"{calls:.0f}", f"{prompt:,.0f}", f"{peer.median('cached_tokens') / prompt:.0%}"]
    cells += [
        f"{peer.median('completion_tokens'):,.0f}",
        f"{peer.median('input'):.4f}",
        f"{peer.median('dollars'):.4f}",
    ]
    cells += [f"{cpu:.0f}", f"{wall:.2f}", f"{cpu / calls:.2f}", f"{1000 * wall / calls:.0f}"]
    return f"| {' | '.join(cells)} |"


def report(here: list[Peer], skipped: list[Peer], command: str) -> list[str]:
    """Return the table, and what it was measured on."""
    versions = dict.fromkeys(f"{name} {found}" for peer in here for name, found in peer.versions.items())
    return [
        "| system | a question is | calls | input tokens | cached | output tokens | input $ | $ | CPU ms | wall s "
        "| CPU ms per call | wall ms per call |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        *(row(peer) for peer in here),
        "",
        *(f"{peer.name}: not measured, its environment is not there." for peer in skipped),
        f"`{command}`, {machine()}; in the peers' environments {', '.join(versions)}.",
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.performance.peers", description=__doc__)
    parser.add_argument("--envs", type=Path, required=True, help="where the peers' environments are")
    parser.add_argument("--make", action="store_true", help="make those that are missing")
    parser.add_argument("--questions", type=int, default=5)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write the table into the page")
    chosen = parser.parse_args()
    for command in made(chosen.envs) if chosen.make else ():
        print(command, flush=True)
    systems = peers()
    here = [peer for peer in systems if peer.python(chosen.envs).exists()]
    measure(chosen.envs, here, chosen.questions, chosen.repetitions)
    counts = f"--questions {chosen.questions} --repetitions {chosen.repetitions}"
    command = f"python -m benchmarks.performance.peers --envs FOLDER {counts}"
    lines = report(here, [peer for peer in systems if peer not in here], command)
    print("\n".join(lines))
    if chosen.write:
        write_into(PAGE, "peers figures", "\n".join(lines))


if __name__ == "__main__":
    main()
