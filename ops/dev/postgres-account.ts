/**
 * Who Postgres runs as: it refuses root. As root it runs as the account `postgres` where there is one,
 * else `nobody`; no account is made. Where that account can't reach the program or the data (a checkout
 * under a folder that only root may enter), it is given the one right to search folders, by `setpriv`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT, StartFailure } from './start-failure.ts';

const ACCOUNTS = ['postgres', 'nobody'];
/** Bits of Linux' capability sets, least first: read and search anywhere, or override every file permission. */
const CAPABILITIES = [
  { name: 'dac_read_search', bit: 2n },
  { name: 'dac_override', bit: 1n },
];

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface Launch {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

/** Null: as whoever we are, for that is not root. */
export function postgresAccount(): Account | null {
  if (process.getuid?.() !== 0) return null;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ACCOUNTS) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new StartFailure(
    EXIT.postgres,
    `Postgres can't run as root, and this machine has no account ${ACCOUNTS.join(' or ')}. Run as another user, or set DATABASE_URL.`,
  );
}

/** How to run a program as the account so that it can reach all of `paths`. */
export function launchAs(
  account: Account | null,
  program: { readonly command: string; readonly parameters: readonly string[] },
  paths: readonly string[],
): Launch {
  if (account === null) return program;
  const shut = paths.map((path) => firstShut(path, account)).find((folder) => folder !== null);
  if (shut === undefined) return { ...program, ...account };
  const capability = CAPABILITIES.find(({ bit }) => ownCapabilities() & (1n << bit));
  if (capability === undefined || !hasSetpriv()) {
    throw new StartFailure(
      EXIT.postgres,
      `Postgres can't run as root, and the account it runs as (uid ${account.uid}) may not enter ${shut}. Move the project and its data folder elsewhere, run as another user, or set DATABASE_URL.`,
    );
  }
  const { uid, gid } = account;
  const rights = [`--inh-caps=+${capability.name}`, `--ambient-caps=+${capability.name}`];
  return {
    command: 'setpriv',
    parameters: [
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      ...rights,
      // access(2), by which Postgres checks its own programs, forgets the right without this.
      '--securebits=+no_setuid_fixup',
      program.command,
      ...program.parameters,
    ],
  };
}

/** The outermost folder above the path that the account may not search. */
function firstShut(path: string, { uid, gid }: Account): string | null {
  const above = dirname(path);
  if (above !== path) {
    const outer = firstShut(above, { uid, gid });
    if (outer !== null) return outer;
  }
  const { mode, uid: owner, gid: group } = statSync(above);
  const bit = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001;
  return mode & bit ? null : above;
}

function ownCapabilities(): bigint {
  if (process.platform !== 'linux') return 0n;
  const hex = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return hex === undefined ? 0n : BigInt(`0x${hex}`);
}

function hasSetpriv(): boolean {
  try {
    return /ambient-caps/.test(execFileSync('setpriv', ['--help'], { encoding: 'utf8', timeout: 5_000 }));
  } catch {
    // Not installed: no.
    return false;
  }
}
