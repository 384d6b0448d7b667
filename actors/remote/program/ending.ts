/** How the process of an agent ends: told to, or replaced by another one of its name. */
import type { Agent } from '#actors/remote/sdk/agent.ts';
import type { Logger } from '#actors/remote/sdk/logger.ts';

export const EXIT = { ended: 0, failed: 1, wrongSettings: 2, replaced: 3 } as const;

export interface Ending {
  readonly agent: Agent;
  /** For what runs to finish in. */
  readonly drainMs: number;
  readonly logger: Logger;
  /** What else the process has to end, after the agent. */
  readonly stopOwn?: () => Promise<void>;
}

/** Past the time to drain: for the last words, the end of what works, and the working copies. */
const AFTER_DRAIN_MS = 20_000;

/** The first signal drains: what runs may finish in its time, the rest is handed back. A second one ends at once. */
export function leadToTheEnd({ agent, drainMs, logger, stopOwn }: Ending): void {
  let isDraining = false;
  const end = async (): Promise<void> => {
    setTimeout(() => {
      logger.error({ drainMs }, 'did not end in time');
      process.exit(EXIT.failed);
    }, drainMs + AFTER_DRAIN_MS).unref();
    await agent.drain(drainMs);
    await agent.stop();
    await stopOwn?.();
    logger.info({}, 'ended');
    process.exit(EXIT.ended);
  };
  const onSignal = (signal: string): void => {
    logger.info({ signal, drainMs: isDraining ? 0 : drainMs, running: agent.running() }, 'draining');
    if (isDraining) void agent.stop();
    else void end();
    isDraining = true;
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  void agent.closed.then(async () => {
    if (isDraining) return;
    logger.warn({ instance: agent.instance }, 'replaced by another process of this name');
    await stopOwn?.();
    process.exit(EXIT.replaced);
  });
}
