/** What a node does with the past: answers questions about it, and now and then checks one actor (invariant 7). */
import type { ActorKind } from '#protocols/actor.ts';
import { formatAddress } from '#protocols/address.ts';
import type { Reply } from '#protocols/failure.ts';
import type { FoldPorts } from './fold.ts';
import { checkFold } from './fold-check.ts';
import type { Log } from './log.ts';
import type { Logger } from './logger.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { Past } from './past.ts';
import { PastDoor } from './past-door.ts';
import { TimeTravel } from './time-travel.ts';

/** How much of a partition's log one look at the past may read, and one check. */
const LOOK_MESSAGES_MAX = 500_000;
const CHECK_MESSAGES_MAX = 20_000;

export interface FoldingHost {
  readonly past: Past;
  readonly log: Pick<Log, 'journal'>;
  readonly kinds: readonly ActorKind[];
  readonly partitionCount: number;
  readonly code: string;
  readonly logger: Logger;
  readonly metrics: Pick<RuntimeMetrics, 'foldChecks'>;
  held(): readonly number[];
}

export interface Folding {
  readonly past: Past;
  answer(body: unknown): Promise<Reply>;
  checkFolds(): Promise<void>;
}

export function buildFolding(host: FoldingHost): Folding {
  const { past, log, partitionCount } = host;
  const kinds = new Map(host.kinds.map((kind) => [kind.type, kind]));
  const ports = { past, log, kinds, partitionCount };
  const door = new PastDoor(new TimeTravel({ ...ports, messagesMax: LOOK_MESSAGES_MAX }));
  return {
    past,
    answer: (body) => door.answer(body),
    checkFolds: () => checkSample(host, { ...ports, messagesMax: CHECK_MESSAGES_MAX }),
  };
}

async function checkSample(
  { past, code, metrics, logger, held }: FoldingHost,
  ports: FoldPorts,
): Promise<void> {
  const partitions = held();
  if (partitions.length === 0) return;
  for (const address of await past.sample(partitions, 1)) {
    const verdict = await checkFold({ ...ports, code }, address);
    metrics.foldChecks.inc({ result: verdict.type });
    const fields = { address: formatAddress(address), ...verdict };
    if (verdict.type === 'different') logger.error(fields, 'a stored state is not the fold of its log');
    else logger.debug(fields, 'folded an actor again');
  }
}
