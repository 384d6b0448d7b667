/** Checks of NATS and Postgres themselves, where it is known where they are. */

import { checkPostgres } from '#runtime/postgres/check.ts';
import { connectPostgres } from '#runtime/postgres/connection.ts';
import { withoutPassword } from '../../dev/given-services.ts';
import { isNewEnough, NATS_VERSION_MIN } from '../../dev/nats-binary.ts';
import { reasonOf } from '../../dev/start-failure.ts';
import { open } from '../traffic/nats.ts';
import { type Finding, fail, ok } from './finding.ts';

const UNKNOWN = 'is not told; what the gateway says of it is above';

export async function checkNats(url: string | undefined): Promise<Finding> {
  if (url === undefined) return ok('nats', `its address ${UNKNOWN} (NATS_URL)`);
  const where = withoutPassword(url);
  try {
    const connection = await open(url);
    const { version = '0', jetstream } = connection.info ?? {};
    await connection.close();
    if (!isNewEnough(version, NATS_VERSION_MIN)) {
      return fail(
        'nats',
        `${where} is ${version}`,
        `${NATS_VERSION_MIN} or newer is needed: \`oio dev\` brings one`,
      );
    }
    if (!jetstream) return fail('nats', `${where} has no JetStream`, 'start nats-server with -js');
    return ok('nats', `nats-server ${version} at ${where}`);
  } catch (thrown) {
    return fail('nats', reasonOf(thrown), 'start it, or let NATS_URL say where it is; `oio dev` brings one');
  }
}

/** What a node would refuse at its start, by the node's own check: settings, tables, clock. */
export async function checkDatabase(url: string | undefined): Promise<Finding> {
  if (url === undefined) return ok('postgres', `its address ${UNKNOWN} (DATABASE_URL)`);
  const where = withoutPassword(url);
  const sql = connectPostgres({ url, name: 'oio doctor', connectionsMax: 1 });
  try {
    await checkPostgres(sql, Date.now);
    const [row] = await sql<{ version: string }[]>`SELECT current_setting('server_version') AS version`;
    return ok('postgres', `Postgres ${row?.version ?? '?'} at ${where}, tables and settings as needed`);
  } catch (thrown) {
    return fail('postgres', reasonOf(thrown), mendOf(reasonOf(thrown)));
  } finally {
    await sql.end({ timeout: 1 }).catch(() => undefined);
  }
}

function mendOf(reason: string): string {
  if (reason.includes('npm run migrate')) return 'npm run migrate';
  if (reason.includes('clocks of')) return 'set both machines by one time server (NTP)';
  if (reason.startsWith('no Postgres'))
    return 'start it, or let DATABASE_URL say where it is; `oio dev` brings one';
  return 'change these settings of Postgres, and start it anew';
}
