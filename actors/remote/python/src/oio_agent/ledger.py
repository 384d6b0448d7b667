"""What an agent has begun, on disk: a process of it that is started again after a crash claims it, and goes on with
what the orchestrator still counts as its own.

L1. A record is whole or not there: it is written beside its place and renamed.
L2. It is there before the work begins, and gone when the attempt is over.
L3. It is taken up `RESUMES_MAX` times: an attempt that ends the process that works on it is not taken up for ever.
L4. Without it all goes on as before. What cannot be written is logged, and that attempt is not taken up.
L5. One process at a time has a ledger. Files that are none of its own are left alone.
"""

import asyncio
import logging
import os
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .messages import Assign, Result, TokenUsage
from .result import read_usage
from .schema import Unreadable, check, decode, encode

if sys.platform != "win32":
    import fcntl

RESUMES_MAX = 3
KEPT_BYTES_MAX = 64 * 1024
SUFFIX = ".attempt.json"

logger = logging.getLogger("oio_agent")


class LedgerFault(Exception):
    """The ledger cannot be opened, or another process has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    assign: Assign
    begun_at: float
    """By the clock of this machine, in seconds."""
    resumes: int = 0
    usage: TokenUsage | None = None
    asked: tuple[str, ...] = ()
    """Requests to people that are open."""
    kept: Any = None
    """What the work itself kept."""
    last_word: Result | None = None
    """The result, from when it stands until it was answered."""


class Ledger:
    """Made without a folder it keeps nothing for others."""

    def __init__(self, folder: Path | None = None) -> None:
        self.left: list[AttemptLog] = []
        """What processes of before had begun, and this one may claim; the older attempts first."""
        self._folder = folder
        self._lock: int | None = None

    @staticmethod
    async def open(folder: str | Path) -> "Ledger":
        """Raises `LedgerFault`. Records that cannot be read, or were taken up too often, are gone."""
        path = Path(folder)
        ledger = Ledger(path)
        try:
            ledger._lock = await asyncio.to_thread(_lock, path)
            left = await asyncio.to_thread(_take_up, path)
        except OSError as error:
            ledger.close()
            raise LedgerFault(f"the ledger {path} cannot be opened: {error}") from error
        ledger.left = [AttemptLog(_path(path, one.assign), one) for one in left]
        return ledger

    def begin(self, assign: Assign) -> "AttemptLog":
        path = None if self._folder is None else _path(self._folder, assign)
        return AttemptLog(path, AttemptRecord(assign=assign, begun_at=time.time()))

    def close(self) -> None:
        """Another process may have it."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)


class AttemptLog:
    """The record of one attempt. Writes follow each other; of those that wait only the newest is made. Whoever awaits
    one may be cancelled: it is made all the same."""

    def __init__(self, path: Path | None, record: AttemptRecord) -> None:
        """Without a path nothing is written."""
        self.record = record
        self._path = path
        self._on_disk: AttemptRecord | None = None
        self._is_over = False
        self._last: asyncio.Task[None] | None = None

    def save(self) -> asyncio.Future[None]:
        """Is done when what is known now is on disk."""
        if self._path is None:
            done = asyncio.get_running_loop().create_future()
            done.set_result(None)
            return done
        self._last = asyncio.create_task(self._write_after(self._last, self._path))
        return asyncio.shield(self._last)

    def note_usage(self, usage: TokenUsage) -> None:
        self.record = replace(self.record, usage=usage)
        self.save()

    async def note_kept(self, kept: object) -> None:
        """Raises ValueError or TypeError for what is no JSON, or too much of it."""
        text = encode(kept)
        if len(text) > KEPT_BYTES_MAX:
            raise ValueError(f"at most {KEPT_BYTES_MAX} bytes of an attempt are kept, not {len(text)}")
        # A copy: what is kept is what stood there now.
        self.record = replace(self.record, kept=decode(text))
        await self.save()

    async def note_asked(self, request_id: str, is_open: bool) -> None:
        others = tuple(one for one in self.record.asked if one != request_id)
        self.record = replace(self.record, asked=(*others, request_id) if is_open else others)
        await self.save()

    async def note_last_word(self, last_word: Result) -> None:
        self.record = replace(self.record, last_word=last_word)
        await self.save()

    async def remove(self) -> None:
        """The attempt is over: nobody takes it up."""
        self._is_over = True
        if self._last is not None:
            await self._last
        if self._path is None:
            return
        try:
            await asyncio.to_thread(self._path.unlink, missing_ok=True)
        except OSError as error:
            logger.warning("could not put away %s: %s", self._path, error)

    async def _write_after(self, before: asyncio.Task[None] | None, path: Path) -> None:
        if before is not None:
            await before
        record = self.record
        if self._is_over or record is self._on_disk:
            return
        try:
            await asyncio.to_thread(_write, path, record)
            self._on_disk = record
        except OSError as error:
            logger.warning("could not keep what it has begun in %s: %s", path, error)


def _path(folder: Path, assign: Assign) -> Path:
    return folder / f"{assign['taskId']}.{assign['attempt']}{SUFFIX}"


def _lock(folder: Path) -> int:
    """A file descriptor: held until it is closed or this process ends, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # Of the process, not of the file: what the work forks and leaves behind does not have it.
        if sys.platform != "win32":
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise LedgerFault(f"another process has the ledger {folder}: {error}") from error
    return lock


def _take_up(folder: Path) -> list[AttemptRecord]:
    left: list[AttemptRecord] = []
    for half in folder.glob(f"*{SUFFIX}.new"):
        half.unlink()
    for path in folder.glob(f"*{SUFFIX}"):
        record = _read(path)
        if record is None or record.resumes >= RESUMES_MAX:
            logger.warning("does not take up %s", path)
            path.unlink()
            continue
        counted = replace(record, resumes=record.resumes + 1)
        _write(path, counted)
        left.append(counted)
    return sorted(left, key=lambda one: one.assign["attempt"])


def _write(path: Path, record: AttemptRecord) -> None:
    beside = path.with_name(f"{path.name}.new")
    beside.touch(mode=0o600)
    with beside.open("wb") as file:
        file.write(encode(asdict(record)))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _read(path: Path) -> AttemptRecord | None:
    """None: half of one, or of another version. The attempt goes to another process as ever."""
    try:
        value = decode(path.read_bytes())
        if not isinstance(value, dict):
            raise Unreadable("no record")
        record = AttemptRecord(**{**value, "asked": tuple(value["asked"])})
        check("AgentIn.assign", record.assign)
        if record.last_word is not None:
            check("AgentOut.result", record.last_word)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    is_counted = record.usage is None or read_usage(record.usage) is not None
    are_numbers = isinstance(record.begun_at, int | float) and isinstance(record.resumes, int)
    is_named = all(isinstance(one, str) for one in record.asked)
    is_its_own = path.name == _path(path.parent, record.assign).name
    return record if is_counted and are_numbers and is_named and is_its_own else None
