"""Join the OpenCode Industrial Orchestrator as an agent. `Agent` is where to begin."""

from .agent import Agent, AgentType
from .artifacts import ArtifactRefused
from .instance import Instance
from .ledger import LedgerFault
from .locks import LockLost, LockRefused, TaskLock
from .messages import Changes, Commit, Option, Payload, Question, Subject, TokenUsage, Workspace
from .registration import RegistrationRefused
from .requests import InputAnswer, PermissionAnswer, RequestRefused, SteerWord
from .result import WorkFailed, WorkResult
from .settings import WrongSettings
from .task import AttemptEnded, EndReason, Resumed, Task
from .timing import Timing
from .tools import ToolServer
from .wire import WireFault

__all__ = [
    "Agent",
    "AgentType",
    "ArtifactRefused",
    "AttemptEnded",
    "Changes",
    "Commit",
    "EndReason",
    "InputAnswer",
    "Instance",
    "LedgerFault",
    "LockLost",
    "LockRefused",
    "Option",
    "Payload",
    "PermissionAnswer",
    "Question",
    "RegistrationRefused",
    "RequestRefused",
    "Resumed",
    "SteerWord",
    "Subject",
    "Task",
    "TaskLock",
    "Timing",
    "TokenUsage",
    "ToolServer",
    "WireFault",
    "WorkFailed",
    "WorkResult",
    "Workspace",
    "WrongSettings",
]
