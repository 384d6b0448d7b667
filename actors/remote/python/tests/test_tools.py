import pytest

from oio_agent import Task, ToolServer, WorkResult
from oio_agent.messages import OutAnswer
from scripted import agreeable, refusal, working

SERVER = {"name": "oio", "url": "http://g/mcp", "token": "s3cret", "expiresAt": "2026-11-21T03:01:00.000Z"}


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ({"ok": True, "value": {"mcp": [SERVER]}}, ["oio"]),
        ({"ok": True, "value": {"mcp": []}}, []),
        ({"ok": True, "value": None}, []),
        (refusal("VALIDATION_FAILED"), []),
    ],
)
async def test_work_gets_the_tools_of_its_session_where_there_are_any(
    answer: OutAnswer, names: list[str]
) -> None:
    kept: list[ToolServer] = []

    async def work(task: Task) -> WorkResult:
        kept.extend(await task.tools())
        return task.done("done")

    wire, _ = await working(
        work, script=lambda said, time: answer if said["kind"] == "tools.request" else agreeable(said, time)
    )

    assert (await wire.result())["result"]["success"] is True
    assert [one.name for one in kept] == names
    assert all(one.headers == {"authorization": "Bearer s3cret"} for one in kept)
    assert "s3cret" not in repr(kept)
