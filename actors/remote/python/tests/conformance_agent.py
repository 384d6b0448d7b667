"""The agent of the conformance kit (`-- --ours python`): does what the titles of its tasks wish. Where it has a folder
it goes on after kill -9."""

import asyncio
import os
from pathlib import Path

from oio_agent import Agent, Task, WorkResult

folder = os.environ.get("OIO_WORK_DIR")
agent = Agent(
    "python",
    capabilities=["code_generation"],
    supports=["steer", "interrupt", "permission", "usage", "artifacts"],
    ledger=Path(folder, "attempts") if folder else None,
    drain_seconds=30,
)


@agent.task
async def work(task: Task) -> WorkResult:
    task.on_steer(lambda word: print(f"{word.by} says {word.message}", flush=True))
    await task.progress("begun", percent=10, usage={"tokens_in": 100, "tokens_out": 10, "cost_usd": 0.01})
    match task.title.removeprefix("conformance: "):
        case "wait":
            await asyncio.sleep(90)
        case "slow":
            slept = task.resumed.kept if task.resumed and task.resumed.kept else 0
            for second in range(slept + 1, 4):
                await asyncio.sleep(1)
                await task.progress(f"second {second}", percent=25 * second)
                await task.keep(second)
        case "artifact":
            await task.artifact("big.bin", os.urandom(300_000))
        case "ask":
            allowed = await asyncio.gather(ask(task, "git push"), ask(task, "npm publish"))
            return task.done(f"allowed: {' '.join(allowed)}")
    return task.done("done", usage={"tokens_in": 200, "tokens_out": 20, "cost_usd": 0.02})


async def ask(task: Task, command: str) -> str:
    answer = await task.ask_permission("bash", [command], subject={"type": "command", "title": command})
    return command if answer.is_allowed else ""


if __name__ == "__main__":
    agent.run()
