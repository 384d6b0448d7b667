/** `oio dlq …`: messages that were set aside, looked at and sent again. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { LetterStatus } from '#protocols/dead-letter.ts';
import { type Cli, COMMON, type CommonFlags, describe, oneId, perform, wholeNumber } from '../cli.ts';
import { plain, toAge, toTable } from '../output.ts';

interface ListFlags extends CommonFlags {
  readonly status?: readonly (typeof LetterStatus.options)[number][];
  readonly type?: string;
  readonly address?: string;
  readonly group?: string;
  readonly cursor?: string;
  readonly limit: number;
}

const text = (placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse: String, optional: true, placeholder, brief }) as const;

const ls = buildCommand({
  docs: describe({
    brief: 'List dead letters, the newest first',
    examples: [
      'oio dlq ls --status open',
      'oio dlq ls --type session',
      'oio dlq ls --group 0a1b2c3d4e5f6071 --json',
    ],
  }),
  parameters: {
    flags: {
      ...COMMON,
      status: {
        kind: 'enum',
        values: LetterStatus.options,
        brief: 'Only these',
        optional: true,
        variadic: ',',
      },
      type: text('TYPE', 'For actors of this type'),
      address: text('ADDRESS', 'For this actor: type/tenant/id'),
      group: text('GROUP', 'Of this cause'),
      cursor: text('CURSOR', 'Where the next page begins'),
      limit: { kind: 'parsed', parse: wholeNumber(1, 100), brief: 'How many on a page', default: '20' },
    },
  },
  async func(this: Cli, flags: ListFlags) {
    await perform(this, flags, async ({ api, out }) => {
      const { status, type, address, group, cursor, limit } = flags;
      const page = await api.listDeadLetters({
        ...{ type, address, group, cursor, page_size: limit },
        status: status ? [...status] : undefined,
      });
      out.json(page);
      const rows = page.items.map((letter) => [
        letter.id,
        letter.status,
        toAge(Date.parse(letter.failed_at), Date.now()),
        letter.address,
        letter.message_type,
        letter.summary,
      ]);
      out.line(toTable(['ID', 'STATUS', 'AGE', 'FOR', 'MESSAGE', 'WHY'], rows));
      if (page.next_cursor !== null) out.note(`--cursor ${page.next_cursor} shows the next ones`);
    });
  },
});

const show = buildCommand({
  docs: describe({
    brief: 'Show a dead letter in full',
    examples: ['oio dlq show 0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d'],
  }),
  parameters: { flags: COMMON, positional: oneId('letter') },
  async func(this: Cli, flags: CommonFlags, id: string) {
    await perform(this, flags, async ({ api, out }) => {
      const letter = await api.getDeadLetter({ id });
      out.both(letter, JSON.stringify(letter, null, 2));
      if (letter.status === 'open') out.note(`send it again with: oio dlq replay ${id} --reason "…"`);
    });
  },
});

const replay = buildCommand({
  docs: describe({
    brief: 'Send a dead letter again, once',
    more: 'What came of it: `oio dlq show`. It can be edited before over HTTP.',
    examples: ['oio dlq replay 0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d --reason "the defect is mended"'],
  }),
  parameters: {
    flags: {
      ...COMMON,
      reason: { kind: 'parsed', parse: String, brief: 'Why; kept with the letter', placeholder: 'TEXT' },
    },
    positional: oneId('letter'),
  },
  async func(this: Cli, flags: CommonFlags & { readonly reason: string }, id: string) {
    await perform(this, flags, async ({ api, out }) => {
      // The version that was seen is the one that is sent: somebody else may be editing it.
      const { version } = await api.getDeadLetter({ id });
      const letter = await api.replayDeadLetter({
        id,
        'idempotency-key': crypto.randomUUID(),
        body: { reason: flags.reason, version },
      });
      out.both(
        letter,
        `${letter.status}: ${plain(letter.summary)} (${letter.id}), ${letter.replays_left} left`,
      );
    });
  },
});

export const dlqRoutes = buildRouteMap({
  routes: { ls, show, replay },
  docs: { brief: 'Dead letters: messages that were set aside' },
});
