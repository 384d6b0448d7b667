import asyncio

from oio_agent.head import new_head
from oio_agent.messages import OutAnswer, Progress, Tool
from oio_agent.outgoing import AttemptOut, Outgoing, merge_progress
from scripted import OK

OF_TASK = {"taskId": "t1", "attempt": 1}


def progress(**fields: object) -> Progress:
    return {**new_head(), **OF_TASK, "kind": "progress", **fields}  # type: ignore[typeddict-item]


def tool(call: int) -> Tool:
    said = {"callId": str(call), "tool": "edit", "title": "", "status": "completed"}
    return {**new_head(), **OF_TASK, "kind": "tool", **said}  # type: ignore[typeddict-item]


class Ear:
    def __init__(self) -> None:
        self.heard: list[AttemptOut] = []
        self.open_most = 0
        self._open = 0

    async def ask(self, message: AttemptOut) -> OutAnswer | None:
        self.heard.append(message)
        self._open += 1
        self.open_most = max(self.open_most, self._open)
        await asyncio.sleep(1)
        self._open -= 1
        return OK


async def test_things_are_said_in_order_one_at_a_time() -> None:
    ear = Ear()
    outgoing = Outgoing(ear.ask)

    answers = await asyncio.gather(*(outgoing.say(tool(call)) for call in range(5)))

    assert answers == [OK] * 5
    assert [one["callId"] for one in ear.heard if one["kind"] == "tool"] == ["0", "1", "2", "3", "4"]
    assert ear.open_most == 1


async def test_of_progress_that_waits_the_newest_is_said_in_the_place_of_the_first() -> None:
    ear = Ear()
    outgoing = Outgoing(ear.ask)
    outgoing.report(progress(percent=1))
    await asyncio.sleep(0)

    for percent in range(2, 1_000):
        outgoing.report(progress(percent=percent))
    await outgoing.put(tool(1))
    outgoing.report(progress(note="the last"))
    await outgoing.say(tool(2))

    assert [one["kind"] for one in ear.heard] == ["progress", "progress", "tool", "tool"]
    assert ear.heard[1].get("percent") == 999
    assert ear.heard[1].get("note") == "the last"


async def test_past_its_bound_whoever_speaks_waits_for_room() -> None:
    ear = Ear()
    outgoing = Outgoing(ear.ask, waiting_max=2)
    for call in range(3):
        await outgoing.put(tool(call))
    started = asyncio.get_running_loop().time()

    await outgoing.put(tool(3))

    assert asyncio.get_running_loop().time() - started >= 1
    assert await outgoing.say(tool(4)) == OK
    assert len(ear.heard) == 5


async def test_after_the_last_word_and_after_its_end_nothing_is_taken() -> None:
    ear = Ear()
    outgoing = Outgoing(ear.ask)
    await outgoing.put(tool(1))

    assert await outgoing.say_last(tool(2)) == OK
    outgoing.report(progress())
    await outgoing.put(tool(3))
    assert await outgoing.say(tool(4)) is None
    assert await outgoing.say_last(tool(5)) is None
    assert len(ear.heard) == 2


async def test_what_waits_is_dropped_at_the_end_and_whoever_waits_is_told() -> None:
    outgoing = Outgoing(Ear().ask, waiting_max=1)
    waiting = [asyncio.ensure_future(outgoing.say(tool(call))) for call in range(4)]
    await asyncio.sleep(0.1)

    outgoing.close()

    assert await asyncio.gather(*waiting) == [OK, None, None, None]


def test_a_newer_report_keeps_what_only_the_older_one_told() -> None:
    older = progress(percent=10, note="reading", waitsFor="auth")
    newer = progress(note="writing")

    merged = merge_progress(older, newer)

    assert merged["id"] == newer["id"]
    assert (merged["percent"], merged["note"], merged.get("waitsFor")) == (10, "writing", None)
