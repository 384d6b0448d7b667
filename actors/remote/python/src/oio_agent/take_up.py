"""How this process takes up what a process of before had begun."""

import logging
from dataclasses import dataclass
from typing import Any

from .ending import Ending
from .task import PutAway

logger = logging.getLogger("oio_agent")


@dataclass(frozen=True, slots=True)
class TakeUp:
    registered: Ending
    """Set when this process is registered; what it may not keep was ended before that."""
    put_away: PutAway | None

    async def leave(self, kept: Any) -> None:  # noqa: ANN401
        """Puts away what the work had kept of an attempt that does not go on."""
        if self.put_away is None:
            return
        try:
            await self.put_away(kept)
        except Exception:
            logger.exception("could not put away what was kept")
