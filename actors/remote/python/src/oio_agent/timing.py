"""Every wait of the SDK in seconds, with its default. A caller may shorten or stretch any of them."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    join_within: float = 60.0
    """Connecting and the first registration together; past that joining fails."""
    ask_timeout: float = 5.0
    """One request; then it is repeated."""
    backoff_min: float = 0.2
    backoff_max: float = 5.0
    register_round: float = 20.0
    """How long a registration is repeated under one id. Then it gets a new one: a repeat of the old id would only
    bring the old answer again, from before the orchestrator counted this process as gone."""
    refresh: float = 300.0
    """An agent that is registered says so again now and then. A fifth of it is chance."""
    refused_pause: float = 30.0
    """Between a registration that was refused for good and the next try."""
    request_again: float = 30.0
    """How often a request that waits for a person is asked again, should its answer have been lost."""
    timeout_grace: float = 10.0
    """What work gets to end in, after its time was up."""
    after_deadline: float = 60.0
    """How long past an attempt's own time its last messages are still repeated."""
    stop_grace: float = 5.0
    """What work gets to end in when the agent stops."""
    drain_within: float = 600.0
    farewell_within: float = 3.0

    def backoff(self, turn: int) -> float:
        """Before repeat `turn` (0, 1, …): doubles up to its bound, and half of it is chance."""
        full = min(self.backoff_max, self.backoff_min * float(2 ** min(turn, 30)))
        return full / 2 + random.random() * full / 2
