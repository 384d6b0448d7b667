"""An agent by the SDK in Python: counts the lines of its task. Told to end, it finishes what it has."""

from oio_agent import Agent, Task, WorkResult

agent = Agent("lines", type="analyst", capabilities=["line_count"], capacity=2)


@agent.task
async def work(task: Task) -> WorkResult:
    lines = task.prompt.splitlines()
    await task.progress(f"counted {len(lines)}", percent=50)
    async with task.lock("line-list", wait_seconds=10) as lock:
        await task.artifact("lines.txt", "\n".join([str(lock.token), *lines]), role="report")
    return task.done(f"{len(lines)} lines")


agent.run()
