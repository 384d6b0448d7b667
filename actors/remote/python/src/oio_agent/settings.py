"""What an agent's process can be told by its environment. What it says wins over what the program says, so that one
program can be started many times."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

_NAME = re.compile(r"AGENT-[A-Z0-9-]{1,57}")


class WrongSettings(ValueError):
    """All faults in one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    name: str
    servers: str = "nats://127.0.0.1:4222"
    tenant: str = "dev"
    token: str | None = None
    credentials: str | None = None
    """The path of a `.creds` file."""
    capacity: int = 1
    heartbeat_seconds: int = 10
    drain_seconds: float = 20.0
    ledger: str | None = None
    """A folder."""
    log_level: str = "INFO"


def read_settings(given: Settings, environment: Mapping[str, str]) -> Settings:
    """`OIO_GATEWAY_URL` with `OIO_KEY` (over HTTP then), `NATS_URL` with `OIO_NATS_TOKEN` or `OIO_NATS_CREDENTIALS`,
    `OIO_TENANT`, `OIO_AGENT_NAME`, `OIO_CAPACITY`, `OIO_HEARTBEAT_SECONDS`, `OIO_DRAIN_SECONDS`, `OIO_LEDGER`,
    `LOG_LEVEL`. Raises `WrongSettings`."""
    faults: list[str] = []

    def number(name: str, otherwise: float, least: float, most: float) -> float:
        text = environment.get(name)
        try:
            value = float(text) if text else otherwise
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            faults.append(f"{name} is a number from {least:g} to {most:g}, not {text}")
        return value

    over_http = bool(environment.get("OIO_GATEWAY_URL"))
    settings = replace(
        given,
        name=agent_name(environment.get("OIO_AGENT_NAME") or given.name),
        servers=environment.get("OIO_GATEWAY_URL") or environment.get("NATS_URL") or given.servers,
        tenant=environment.get("OIO_TENANT") or given.tenant,
        token=environment.get("OIO_KEY" if over_http else "OIO_NATS_TOKEN") or given.token,
        credentials=environment.get("OIO_NATS_CREDENTIALS") or given.credentials,
        capacity=int(number("OIO_CAPACITY", given.capacity, 1, 50)),
        heartbeat_seconds=int(number("OIO_HEARTBEAT_SECONDS", given.heartbeat_seconds, 1, 60)),
        drain_seconds=number("OIO_DRAIN_SECONDS", given.drain_seconds, 0, 3_600),
        ledger=environment.get("OIO_LEDGER") or given.ledger,
        log_level=(environment.get("LOG_LEVEL") or given.log_level).upper(),
    )
    if not _NAME.fullmatch(settings.name):
        faults.append(f"the agent's name is AGENT- and then A-Z, 0-9 and -, at most 63, not {settings.name}")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", settings.tenant):
        faults.append(f"OIO_TENANT is a-z, 0-9 and -, not {settings.tenant}")
    if faults:
        raise WrongSettings("wrong settings:\n  " + "\n  ".join(faults))
    return settings


def agent_name(name: str) -> str:
    """`reviewer` becomes `AGENT-REVIEWER`: the name that it has in the orchestrator."""
    upper = name.upper().replace("_", "-").replace(" ", "-")
    return upper if upper.startswith("AGENT-") else f"AGENT-{upper}"
