"""Tests may be coroutine functions. Each has an event loop of its own, whose clock is moved on where all else waits."""

import asyncio
import inspect
import selectors
from collections.abc import Callable, Mapping
from typing import Any

import pytest


class ClockSelector(selectors.DefaultSelector):
    """Where the loop would wait for its next timer, that time is over at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(5)
        ready = super().select(0)
        if not ready:
            self.now += timeout
        return ready

    def get_map(self) -> Mapping[int, selectors.SelectorKey]:  # type: ignore[override]
        return super().get_map()  # type: ignore[return-value]


class ClockLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = ClockSelector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """At once: the clock does not stand still for a thread."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    given = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    with asyncio.Runner(loop_factory=ClockLoop) as runner:
        runner.run(pyfuncitem.obj(**given))
    return True
