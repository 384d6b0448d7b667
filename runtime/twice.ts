/**
 * Takes some turns twice and compares: a handler that reads a clock, draws by chance or changes what it was given is
 * found before a fold finds it.
 *
 * D1. The first outcome is the one that counts; the second is only compared, and must not be seen anywhere.
 */
import { formatAddress } from '#protocols/address.ts';
import type { Logger } from './logger.ts';
import type { RuntimeMetrics } from './metrics.ts';
import { type TurnOutcome, takeTurn } from './turn.ts';

export interface TwiceOptions {
  /** One of so many places of the log is taken twice; 0: none. */
  readonly every: number;
  readonly metrics: Pick<RuntimeMetrics, 'turnsTwice'>;
  readonly logger: Logger;
}

export function takeSomeTwice({ every, metrics, logger }: TwiceOptions): typeof takeTurn {
  if (every === 0) return takeTurn;
  return (cell, envelope, place) => {
    if (place.seq % every !== 0) return takeTurn(cell, envelope, place);
    const outcome = takeTurn(cell, envelope, place);
    const first = textOf(outcome);
    const isEqual = textOf(takeTurn(cell, envelope, place)) === first;
    metrics.turnsTwice.inc({ result: isEqual ? 'equal' : 'different' });
    if (!isEqual) {
      const fields = { address: formatAddress(cell.address), message: envelope.message.type };
      logger.error(fields, 'a handler is not deterministic: the same turn gave another outcome');
    }
    return outcome;
  };
}

/** What a turn decided. A stack trace says where and not what. */
function textOf({
  cell,
  changed,
  effects,
  reply,
  timersSet,
  timersDropped,
  deadLetter,
}: TurnOutcome): string {
  const { state, version, timers } = cell;
  const reason = deadLetter?.reason ?? null;
  return JSON.stringify({
    state,
    version,
    timers,
    changed,
    effects,
    reply,
    timersSet,
    timersDropped,
    reason,
  });
}
