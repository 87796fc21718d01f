"""The SDK's own way of waiting for outputs, with what the program changes of it."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, cast

import pytest
from pulumi.runtime import stack
from pulumi.runtime.settings import SETTINGS

from components.sdk_waiting import wait_for_all_at_once

_MANY = 50


@pytest.fixture(autouse=True)
def sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is, and so again afterwards."""
    monkeypatch.setattr(stack, "asyncio", asyncio)


def rounds(outputs: Iterable[Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch) -> int:
    """How often the SDK looks at all outputs until they are known."""
    looked = 0
    real = asyncio.wait

    async def wait(*args: Any, **options: Any) -> Any:
        nonlocal looked
        looked += 1
        return await real(*args, **options)

    monkeypatch.setattr(vars(stack)["asyncio"], "wait", wait)

    async def run() -> None:
        known: set[asyncio.Task[None]] = cast(Any, SETTINGS).outputs
        known.update(asyncio.create_task(output) for output in outputs)
        await stack.wait_for_rpcs()

    asyncio.run(run())
    return looked


async def known_after(turns: int) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


def test_outputs_are_looked_at_once_and_not_after_each(monkeypatch: pytest.MonkeyPatch) -> None:
    # As long as it is so by itself, the program has to change it.
    assert rounds(map(known_after, range(_MANY)), monkeypatch) > _MANY / 10
    monkeypatch.undo()
    monkeypatch.setattr(stack, "asyncio", asyncio)
    wait_for_all_at_once()
    assert rounds(map(known_after, range(_MANY)), monkeypatch) == 1


def test_one_that_fails_ends_the_program_though_others_are_never_known(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    async def fails() -> None:
        raise ValueError("no such zone")

    wait_for_all_at_once()
    with pytest.raises(ValueError, match="no such zone"):
        rounds([never(), fails()], monkeypatch)
