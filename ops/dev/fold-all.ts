/** For live tests: folds every actor of a database again and compares (invariant 7). */
import type { ActorKind } from '#protocols/actor.ts';
import { type Address, formatAddress } from '#protocols/address.ts';
import { codeVersion } from '#runtime/code-version.ts';
import { checkFold } from '#runtime/fold-check.ts';
import { buildLogger } from '#runtime/logger.ts';
import { connectNats, leave } from '#runtime/nats/connection.ts';
import { openNatsLog } from '#runtime/nats/log.ts';
import { connectPostgres, openCluster } from '#runtime/postgres/connection.ts';
import { PostgresPast } from '#runtime/postgres/past.ts';

export interface FoldReport {
  equal: number;
  turns: number;
  /** What was different, or could not be folded. */
  readonly faults: string[];
}

const MESSAGES_MAX = 1_000_000;

export async function foldAll(
  servers: { readonly natsUrl: string; readonly databaseUrl: string },
  kinds: readonly ActorKind[],
): Promise<FoldReport> {
  const logger = buildLogger({ level: 'silent', role: 'test' });
  const sql = connectPostgres({ url: servers.databaseUrl, name: 'folds', connectionsMax: 2 });
  const connection = await connectNats({ url: servers.natsUrl, name: 'folds', logger });
  try {
    const { partitionCount } = await openCluster(sql, { firstCount: 1 });
    const ports = {
      past: new PostgresPast(sql),
      log: await openNatsLog(connection, logger),
      kinds: new Map(kinds.map((kind) => [kind.type, kind])),
      partitionCount,
      messagesMax: MESSAGES_MAX,
      code: codeVersion(''),
    };
    const report: FoldReport = { equal: 0, turns: 0, faults: [] };
    for (const { type, tenant, id } of await sql<Address[]>`SELECT type, tenant, id FROM actors`) {
      const address = { type, tenant, id };
      const verdict = await checkFold(ports, address);
      if (verdict.type === 'equal') {
        report.equal++;
        report.turns += verdict.turns;
      } else report.faults.push(`${formatAddress(address)}: ${JSON.stringify(verdict)}`);
    }
    return report;
  } finally {
    await leave(connection);
    await sql.end({ timeout: 1 });
  }
}
