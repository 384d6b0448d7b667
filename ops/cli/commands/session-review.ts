/** `oio session review`: what a person says of the work of a session. */
import { buildCommand } from '@stricli/core';
import { type Cli, COMMON, type CommonFlags, describe, oneId, perform } from '../cli.ts';

interface ReviewFlags extends CommonFlags {
  readonly verdict: 'accepted' | 'rejected';
  readonly reason?: string;
}

export const review = buildCommand({
  docs: describe({
    brief: 'Say whether the work of a session is accepted',
    more: 'Data sets for fine-tuning are made of accepted work alone.',
    examples: ['oio session review ID --reason "merged"', 'oio session review ID --verdict rejected'],
  }),
  parameters: {
    flags: {
      ...COMMON,
      verdict: {
        kind: 'enum',
        values: ['accepted', 'rejected'],
        brief: 'What you say',
        default: 'accepted',
      },
      reason: { kind: 'parsed', parse: String, optional: true, placeholder: 'TEXT', brief: 'Why' },
    },
    positional: oneId('session'),
  },
  async func(this: Cli, flags: ReviewFlags, id: string) {
    await perform(this, flags, async ({ api, out }) => {
      const { verdict, reason } = flags;
      const body = { verdict, ...(reason === undefined ? {} : { reason }) };
      const session = await api.reviewSession({ id, 'idempotency-key': crypto.randomUUID(), body });
      out.both(session, `${verdict}: ${session.title}`);
    });
  },
});
