"""One container as a process: started, asked, started again when it ends, and ended in order."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sandbox.agent import probes
from sandbox.agent.objects import part
from sandbox.agent.probes import Probe
from sandbox.agent.status import ContainerState, now

Launch = Callable[[dict[str, Any]], Awaitable[asyncio.subprocess.Process | None]]
"""Starts the process of a container; None when the pod is to end before it could be started."""

_BACKOFF_FIRST, _BACKOFF_MOST = 0.5, 10.0
_STEADY_SECONDS = 30
_LEAST_GRACE = 2.0


class Container:
    """A container of a pod."""

    def __init__(
        self,
        spec: dict[str, Any],
        ports: Mapping[str, int],
        host: str,
        launch: Launch | None,
        changed: Callable[[], None],
    ) -> None:
        """A container that has not been started.

        Args:
            spec: As the pod has it.
            ports: The pod's ports by name.
            host: The loopback address it listens on.
            launch: Starts it; None for an image without a program, which is only simulated.
            changed: Called after each change of the state.
        """
        self.spec = spec
        self.state = ContainerState(spec["name"], spec["image"])
        self._host = host
        self._launch = launch
        self._changed = changed
        self._startup, self._readiness, self._liveness = (
            probes.parse(spec.get(f"{kind}Probe"), ports) for kind in ("startup", "readiness", "liveness")
        )
        self._ports = ports
        self._stopping = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._ended = asyncio.Event()
        self._ends: set[asyncio.Task[None]] = set()

    async def run(self, policy: str) -> None:
        """Keep it running until it is stopped, or over by the pod's restart policy."""
        if self._launch is None:
            await self._simulate()
            return
        delay = _BACKOFF_FIRST
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            self._process = await self._launch(self.spec)
            if self._process is None:
                break
            began = loop.time()
            code = await self._once(self._process)
            if self._stopping.is_set() or policy == "Never" or (policy == "OnFailure" and code == 0):
                break
            delay = _BACKOFF_FIRST if loop.time() - began > _STEADY_SECONDS else delay
            self.state.restarts += 1
            self.state.waiting = ("CrashLoopBackOff", f"started again in {delay:g} s")
            self._changed()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
            delay = min(2 * delay, _BACKOFF_MOST)
        self._over()

    async def _once(self, process: asyncio.subprocess.Process) -> int:
        """One life of the process; gives its exit code."""
        state = self.state
        self._ended.clear()
        state.running_since, state.waiting = now(), None
        state.started = self._startup is None
        state.ready = state.started and self._readiness is None
        self._changed()
        asking = asyncio.create_task(self._ask(process))
        code = await process.wait()
        asking.cancel()
        self._ended.set()
        code = 128 - code if code < 0 else code
        state.exit = (code, "Completed" if code == 0 else "Error", now())
        state.running_since, state.started, state.ready = None, False, False
        # Children that it has not waited for are in its session.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        return code

    async def _ask(self, process: asyncio.subprocess.Process) -> None:
        """All probes of one life of the process."""
        if self._startup is not None and not await self._first(self._startup):
            if not self._stopping.is_set():
                self._end_soon(process)
            return
        self.state.started = True
        self.state.ready = self._readiness is None
        self._changed()

        def ready(good: bool) -> None:
            if self.state.ready != good:
                self.state.ready = good
                self._changed()

        def live(good: bool) -> None:
            # As the kubelet, nothing is restarted that is being ended.
            if not good and not self._stopping.is_set():
                self._end_soon(process)

        async with asyncio.TaskGroup() as group:
            if self._readiness is not None:
                group.create_task(probes.keep_asking(self._readiness, self._host, ready))
            if self._liveness is not None:
                group.create_task(probes.keep_asking(self._liveness, self._host, live))

    async def _first(self, probe: Probe) -> bool:
        """The first verdict of a probe."""
        found: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def tell(good: bool) -> None:
            if not found.done():
                found.set_result(good)

        asking = asyncio.create_task(probes.keep_asking(probe, self._host, tell))
        try:
            return await found
        finally:
            asking.cancel()

    def _end_soon(self, process: asyncio.subprocess.Process) -> None:
        if not self._ends:
            task = asyncio.create_task(self._end(process, 10))
            self._ends.add(task)
            task.add_done_callback(self._ends.discard)

    async def _end(self, process: asyncio.subprocess.Process, seconds: float) -> None:
        """SIGTERM, and SIGKILL to whatever is left after these seconds."""
        if self._ended.is_set():
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    async def stop(self, grace: float, *, hook: bool = True) -> None:
        """End it as the kubelet does: preStop, SIGTERM, SIGKILL when the grace period is over; then do not start it.

        Args:
            grace: The grace period, in seconds; preStop is part of it.
            hook: Whether preStop is run at all.
        """
        self._stopping.set()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace
        process = self._process
        if process is None or self._launch is None or process.returncode is not None:
            return
        if hook:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._before_stop(), grace)
        await self._end(process, max(_LEAST_GRACE, deadline - loop.time()))

    async def _before_stop(self) -> None:
        """The preStop hook; a process that ends by itself ends it too."""
        hook: dict[str, Any] = part(part(self.spec, "lifecycle"), "preStop")
        if "sleep" in hook:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), float(hook["sleep"]["seconds"]))
        call = (
            probes.parse({"httpGet": hook["httpGet"], "timeoutSeconds": 30}, self._ports) if "httpGet" in hook else None
        )
        if call is not None:
            await probes.ask(call, self._host)

    async def _simulate(self) -> None:
        state = self.state
        state.running_since, state.waiting = now(), None
        waits = [probe.delay for probe in (self._startup, self._readiness) if probe is not None]
        if sum(waits):
            self._changed()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), sum(waits))
        state.started = state.ready = True
        self._changed()
        await self._stopping.wait()
        state.exit, state.running_since = (0, "Completed", now()), None
        self._over()

    def _over(self) -> None:
        self.state.over = True
        self.state.ready = False
        self.state.exit = self.state.exit or (0, "Completed", now())
        self._changed()
