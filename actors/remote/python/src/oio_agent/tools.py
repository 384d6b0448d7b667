"""MCP servers that a task's program may be given: each opens the task's own session and nothing else."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

from .messages import OutAnswer, ToolsRequest, ToolsSaid
from .schema import Unreadable, check


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolServer:
    """Streamable HTTP. The headers are a secret of the attempt: they go into no log, report or prompt."""

    name: str
    url: str
    headers: dict[str, str] = field(repr=False)


async def ask_tools(
    request: ToolsRequest, ask: Callable[[ToolsRequest], Awaitable[OutAnswer | None]]
) -> list[ToolServer]:
    """None where the deployment has none, or is too old to know of them: the work goes on without."""
    answer = await ask(request)
    if answer is None or answer["ok"] is False:
        return []
    try:
        check("ToolsSaid", answer["value"])
    except Unreadable:
        return []
    return [
        ToolServer(name=one["name"], url=one["url"], headers={"authorization": f"Bearer {one['token']}"})
        for one in cast("ToolsSaid", answer["value"])["mcp"]
    ]
