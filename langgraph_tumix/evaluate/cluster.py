"""An evaluation on a Ray cluster: jobs are handed to workers in other processes; those of one that dies to another.

::

    this process   the run's folder, the queue of jobs, results as they come
    desk           an actor beside it: money, pace, questions under way (threads.sqlite)
    workers        actors anywhere: graphs, tools, kernels, scores; they keep nothing
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from typing import Any

from langgraph_tumix.core.usage import Usage
from langgraph_tumix.errors import ConfigError
from langgraph_tumix.evaluate.account import Account
from langgraph_tumix.evaluate.evaluation import Evaluation
from langgraph_tumix.evaluate.folder import RunFolder
from langgraph_tumix.evaluate.runner import Job

DEATHS = 3
"""How many workers may die over a job before it is given up, and the evaluation with it."""

LOOK = 0.25
"""Seconds between two looks at the desk's account."""


class Cluster:
    """Does jobs on workers.

    Attributes:
        account: The desk's account as last seen.
        pids: The workers' processes; those that took a dead one's place included.
    """

    def __init__(self, ray: Any, evaluation: Evaluation, desk: Any, workers: int) -> None:
        self.account = Account(evaluation.usd)
        self.pids: list[int] = []
        self._ray, self._evaluation, self._desk = ray, replace(evaluation), desk
        self._workers: list[tuple[str, Any]] = [("", None)] * workers
        self._replacing = asyncio.Lock()
        self._free: asyncio.Queue[int] = asyncio.Queue()
        for number in range(max(workers, evaluation.at_once)):
            self._free.put_nowait(number % workers)

    async def open(self) -> None:
        """Start the workers."""
        await asyncio.gather(*(self._start(place) for place in range(len(self._workers))))

    async def close(self) -> None:
        """Let the workers come to their end."""
        ends = (actor.end.remote() for _, actor in self._workers if actor is not None)
        await asyncio.gather(*ends, return_exceptions=True)

    async def begin(self, spent: Usage) -> None:
        """Enter in the account what earlier sessions have spent."""
        await self._desk.spent_before.remote(spent)
        self.account.spent = spent

    async def result(self, job: Job) -> dict[str, Any]:
        """Have a worker answer a job's question; if it dies, another one, from where it stood.

        Raises:
            ConfigError: Several workers died over it.
        """
        for _ in range(DEATHS):
            place = await self._free.get()
            name, actor = self._workers[place]
            call = actor.result.remote(job)
            try:
                result: dict[str, Any] = await call
            except asyncio.CancelledError:
                self._ray.cancel(call)
                raise
            except self._ray.exceptions.RayActorError:
                await self._replace(place, name)
            else:
                return result
            finally:
                self._free.put_nowait(place)
        raise ConfigError(f"{DEATHS} workers died over {job.name}: look at their memory; the same command goes on")

    async def paid(self, jobs: Sequence[Job]) -> Usage:
        """Return what jobs under way have cost so far."""
        paid: Usage = await self._workers[0][1].paid.remote(jobs)
        return paid

    async def discard(self, job: Job) -> None:
        """Forget a job whose result is kept."""
        while True:
            name, actor = self._workers[0]
            try:
                await actor.discard.remote(job)
            except self._ray.exceptions.RayActorError:
                await self._replace(0, name)
            else:
                return

    async def follow(self) -> None:
        """Keep the account up to date."""
        while True:
            self.account.spent, self.account.empty, still = await self._desk.state.remote()
            if still:
                self.account.still.set()
            await asyncio.sleep(LOOK)

    async def _replace(self, place: int, name: str) -> None:
        """Start a worker in the place of one that died, unless somebody has done so."""
        async with self._replacing:
            if self._workers[place][0] == name:
                await self._desk.lost.remote(name)
                await self._start(place)

    async def _start(self, place: int) -> None:
        from langgraph_tumix.evaluate.worker import Worker

        name = f"worker {place}/{secrets.token_hex(4)}"
        actor = self._ray.remote(Worker).options(num_cpus=1).remote(self._evaluation, self._desk, name)
        self.pids.append(await actor.begin.remote())
        self._workers[place] = name, actor


@contextlib.asynccontextmanager
async def clustered(evaluation: Evaluation, run: RunFolder, workers: int) -> AsyncIterator[Cluster]:
    """Connect to a Ray cluster, or start one on this machine, and give what does jobs there.

    Args:
        evaluation: What is evaluated; its model by name, since a model's connections cannot travel.
        run: Its folder, on this machine.
        workers: How many.

    Raises:
        ConfigError: Ray is not installed, or cannot be started or reached.
    """
    if not isinstance(evaluation.model, str):
        raise ConfigError("an evaluation on a cluster needs its model by name: its connections cannot travel")
    with _connected(workers) as ray:
        from langgraph_tumix.evaluate.desk import Desk

        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        desk = (
            ray.remote(Desk)
            .options(num_cpus=0, scheduling_strategy=here)
            .remote(replace(evaluation), RunFolder(run.path))
        )
        await desk.begin.remote()
        cluster = Cluster(ray, evaluation, desk, workers)
        following = asyncio.ensure_future(cluster.follow())
        try:
            await cluster.open()
            yield cluster
        finally:
            following.cancel()
            await cluster.close()
            await desk.end.remote()


@contextlib.contextmanager
def _connected(workers: int) -> Iterator[Any]:
    """Use the cluster at RAY_ADDRESS; without one, start one that listens on loopback alone and leaves nothing."""
    # Read when Ray is imported: it must not report home, nor listen beyond this machine.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    own = None if os.environ.get("RAY_ADDRESS") else tempfile.mkdtemp(prefix="tumix-ray-")
    if own:
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        # A token of this run's own: nobody else on this machine gets in, and none is written into the home folder.
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError:
        raise ConfigError("--engine ray needs Ray: pip install 'langgraph-tumix[ray]'") from None
    try:
        local: dict[str, Any] = {
            "num_cpus": workers,
            "include_dashboard": False,
            "_temp_dir": own,
            "object_store_memory": 80 * 2**20,
        }
        _start(ray, local if own else {})
        yield ray
    finally:
        ray.shutdown()
        if own:
            shutil.rmtree(own, ignore_errors=True)


def _start(ray: Any, options: dict[str, Any]) -> None:
    """Start or reach a cluster. Its agents have fifteen seconds to come up; on a busy machine they get them twice.

    Raises:
        ConfigError: It cannot be had.
    """
    for attempt in (1, 2):
        try:
            ray.init(log_to_driver=False, configure_logging=False, **options)
        except Exception as error:  # it raises whatever its processes or the network do
            ray.shutdown()
            if attempt == 2:
                where = "started on this machine" if options else f"reached at {os.environ.get('RAY_ADDRESS')}"
                raise ConfigError(f"Ray cannot be {where}: {str(error)[:300]}") from error
        else:
            return
