/** Where the NATS and the Postgres of `oio dev` are, if it runs with this data folder. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

export interface DevAddresses {
  readonly natsUrl?: string | undefined;
  readonly databaseUrl?: string | undefined;
}

/** None where there is no such file: it goes when the system stops. */
export async function readDevAddresses(dataDir: string): Promise<DevAddresses> {
  const text = await readFile(join(dataDir, 'stack.env'), 'utf8').catch(() => '');
  const { NATS_URL, DATABASE_URL } = parseEnv(text);
  return { natsUrl: NATS_URL, databaseUrl: DATABASE_URL };
}
