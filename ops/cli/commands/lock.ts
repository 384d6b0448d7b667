/** `oio lock …`: who holds what, and taking it away. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { type Cli, COMMON, type CommonFlags, describe, perform, wholeNumber } from '../cli.ts';
import { toTable } from '../output.ts';

interface ListFlags extends CommonFlags {
  readonly owner?: string;
  readonly prefix?: string;
  readonly search?: string;
  readonly cursor?: string;
  readonly limit: number;
}

const text = (placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse: String, optional: true, placeholder, brief }) as const;

const ls = buildCommand({
  docs: describe({
    brief: 'List locks that are held, and how many wait for each',
    examples: ['oio lock ls', 'oio lock ls --prefix repo/', 'oio lock ls --owner user:dev --json'],
  }),
  parameters: {
    flags: {
      ...COMMON,
      owner: text('NAME', 'Only locks of this owner'),
      prefix: text('TEXT', 'Only names that begin so'),
      search: text('TEXT', 'Only names that contain this'),
      cursor: text('CURSOR', 'Where the next page begins'),
      limit: { kind: 'parsed', parse: wholeNumber(1, 100), brief: 'How many on a page', default: '20' },
    },
  },
  async func(this: Cli, flags: ListFlags) {
    await perform(this, flags, async ({ api, out }) => {
      const { owner, prefix, search, cursor, limit } = flags;
      const page = await api.listLocks({ owner, prefix, search, cursor, limit });
      out.json(page);
      const rows = page.items.map((lock) => [
        lock.name,
        lock.owner,
        lock.token,
        `${Math.round(lock.age_ms / 1_000)} s`,
        lock.waiters.length,
      ]);
      out.line(toTable(['NAME', 'OWNER', 'TOKEN', 'AGE', 'WAITING'], rows));
      if (page.next_cursor !== null)
        out.note(`${page.total} in all; --cursor ${page.next_cursor} shows the next ones`);
    });
  },
});

interface BreakFlags extends CommonFlags {
  readonly reason: string;
  readonly token?: number;
}

const breakLock = buildCommand({
  docs: describe({
    brief: 'Take a lock away from its holder',
    more: 'The holder is told by its next write: its fencing token is old. Without --token the grant that is there now is meant.',
    examples: ['oio lock break repo/main --reason "the machine is gone"'],
  }),
  parameters: {
    flags: {
      ...COMMON,
      reason: { kind: 'parsed', parse: String, brief: 'Why; kept with the event', placeholder: 'TEXT' },
      token: {
        kind: 'parsed',
        parse: wholeNumber(1, Number.MAX_SAFE_INTEGER),
        brief: 'The fencing token of the grant that is meant',
        placeholder: 'N',
        optional: true,
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Name of the lock', parse: String, placeholder: 'name' }],
    },
  },
  async func(this: Cli, flags: BreakFlags, name: string) {
    await perform(this, flags, async ({ api, out }) => {
      const token = flags.token ?? (await api.getLock({ name })).token;
      const broken = await api.breakLock({
        name,
        'idempotency-key': crypto.randomUUID(),
        body: { token, reason: flags.reason },
      });
      out.both(broken, `taken from ${broken.owner}: ${broken.name}, token ${broken.token}`);
    });
  },
});

export const lockRoutes = buildRouteMap({
  routes: { ls, break: breakLock },
  docs: { brief: 'Named locks: who holds what' },
});
