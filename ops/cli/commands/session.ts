/** `oio session …`: sessions, and what may be asked of them. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { ApiClient } from '#protocols/client/client.ts';
import type { Session } from '#protocols/client/operations.generated.ts';
import { SessionState } from '#protocols/session.ts';
import { type Cli, COMMON, type CommonFlags, describe, oneId, perform, wholeNumber } from '../cli.ts';
import { plain, toAge, toTable } from '../output.ts';
import { diff } from './session-diff.ts';
import { review } from './session-review.ts';
import { create, watch } from './session-watch.ts';

const REASON = {
  kind: 'parsed',
  parse: String,
  brief: 'Why; kept with the session',
  placeholder: 'TEXT',
  optional: true,
} as const;

interface ListFlags extends CommonFlags {
  readonly state?: readonly (typeof SessionState.options)[number][];
  readonly search?: string;
  readonly page: number;
  readonly limit: number;
}

const ls = buildCommand({
  docs: describe({
    brief: 'List sessions, the newest first',
    examples: [
      'oio session ls',
      'oio session ls --state running,paused',
      'oio session ls --search tests --json',
    ],
  }),
  parameters: {
    flags: {
      ...COMMON,
      state: {
        kind: 'enum',
        values: SessionState.options,
        brief: 'Only these states',
        optional: true,
        variadic: ',',
      },
      search: {
        kind: 'parsed',
        parse: String,
        brief: 'Words of the title',
        placeholder: 'TEXT',
        optional: true,
      },
      page: { kind: 'parsed', parse: wholeNumber(1, 1_000_000), brief: 'Page, from 1', default: '1' },
      limit: { kind: 'parsed', parse: wholeNumber(1, 100), brief: 'How many on a page', default: '20' },
    },
  },
  async func(this: Cli, flags: ListFlags) {
    await perform(this, flags, async ({ api, out }) => {
      const page = await api.listSessions({
        state: flags.state ? [...flags.state] : undefined,
        search: flags.search,
        page: flags.page,
        page_size: flags.limit,
      });
      out.json(page);
      const rows = page.items.map((session) => [
        session.id,
        session.state,
        `${session.progress.percent} %`,
        toAge(Date.parse(session.created_at), Date.now()),
        session.title,
      ]);
      out.line(toTable(['ID', 'STATE', 'DONE', 'AGE', 'TITLE'], rows));
      if (page.pages > page.page) {
        out.note(`${page.total} in all; --page ${page.page + 1} shows the next ones`);
      }
    });
  },
});

interface ActFlags extends CommonFlags {
  readonly reason?: string;
  readonly key?: string;
}

interface Act {
  readonly brief: string;
  readonly more: string;
  readonly verb: string;
  readonly ask: (
    api: ApiClient,
    asked: { id: string; body: { reason?: string }; 'idempotency-key': string },
  ) => Promise<Session>;
}

function act({ brief, more, verb, ask }: Act) {
  return buildCommand({
    docs: describe({
      brief,
      more,
      examples: [
        `oio session ${verb} 0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d`,
        `oio session ${verb} s-1 --reason "the wrong branch" --json`,
      ],
    }),
    parameters: {
      flags: {
        ...COMMON,
        reason: REASON,
        key: {
          kind: 'parsed',
          parse: String,
          brief: 'Idempotency key: the same again is done once',
          placeholder: 'KEY',
          optional: true,
        },
      },
      positional: oneId('session'),
    },
    async func(this: Cli, flags: ActFlags, id: string) {
      await perform(this, flags, async ({ api, out }) => {
        const body = flags.reason === undefined ? {} : { reason: flags.reason };
        const session = await ask(api, { id, body, 'idempotency-key': flags.key ?? crypto.randomUUID() });
        out.both(session, `${session.state}: ${plain(session.title)} (${session.id})`);
      });
    },
  });
}

export const sessionRoutes = buildRouteMap({
  routes: {
    create,
    ls,
    watch,
    review,
    pause: act({
      verb: 'pause',
      brief: 'Pause a session at work',
      more: 'What agents have at work goes on to its end; nothing new begins.',
      ask: (api, asked) => api.pauseSession(asked),
    }),
    resume: act({
      verb: 'resume',
      brief: 'Resume a paused session',
      more: 'One that was paused by a budget goes on when the budget is higher.',
      ask: (api, asked) => api.resumeSession(asked),
    }),
    stop: act({
      verb: 'stop',
      brief: 'Stop a session at work',
      more: 'Its agents are told to end. It can be retried.',
      ask: (api, asked) => api.stopSession(asked),
    }),
    cancel: act({
      verb: 'cancel',
      brief: 'Cancel a session that is not at work',
      more: 'For pending, queued and paused ones. It is final.',
      ask: (api, asked) => api.cancelSession(asked),
    }),
    retry: act({
      verb: 'retry',
      brief: 'Retry a session that did not come to its end',
      more: 'Finished tasks stay finished, all others begin anew.',
      ask: (api, asked) => api.retrySession(asked),
    }),
    diff,
  },
  docs: { brief: 'Sessions: pieces of work that people ask for' },
});
