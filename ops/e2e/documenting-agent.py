"""An agent by the SDK in Python that works in the repository: writes a page on a branch of its own, and commits it."""

import asyncio
import tempfile
from pathlib import Path

from oio_agent import Agent, Commit, Task, WorkResult

agent = Agent("fifth", type="implementer", capabilities=["documenting"], capacity=1)
AUTHOR = ["-c", "user.name=Fifth", "-c", "user.email=fifth@localhost"]


async def git(folder: str, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "git", "-C", folder, *words, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"git {words[0]} ended with {process.returncode}")
    return said.decode().strip()


@agent.task
async def work(task: Task) -> WorkResult:
    workspace = task.payload.get("workspace")
    if workspace is None:
        return task.failed("there is no repository to write in", retryable=False)
    repo, branch = workspace["repo"], workspace["branch"]
    with tempfile.TemporaryDirectory() as parent:
        tree = str(Path(parent, "tree"))
        await git(repo, "worktree", "add", "--quiet", "-B", branch, tree, workspace["baseRef"])
        try:
            await task.progress("writing", percent=50)
            await asyncio.sleep(2)
            Path(tree, "NOTES.md").write_text(f"# {task.payload['title']}\n")
            await git(tree, "add", "--all")
            await git(tree, *AUTHOR, "commit", "--quiet", "--message", task.payload["title"])
            sha = await git(tree, "rev-parse", "HEAD")
        finally:
            await git(repo, "worktree", "remove", "--force", tree)
    return task.done("wrote NOTES.md", commit=Commit(branch=branch, sha=sha))


agent.run()
