/** `oio traffic <subject>`: messages as they pass, one a line: events and messages between actors by the gateway, anything by NATS itself. */
import { buildCommand } from '@stricli/core';
import { type Cli, COMMON, type CommonFlags, describe, type Job, perform, wholeNumber } from '../cli.ts';
import { readDevAddresses } from '../dev-addresses.ts';
import { CliFailure, EXIT } from '../exit.ts';
import { plain } from '../output.ts';
import { parseSettings } from '../settings.ts';
import { followEvents } from '../traffic/events.ts';
import { followNats } from '../traffic/nats.ts';
import type { Passing } from '../traffic/passing.ts';
import { followTail } from '../traffic/tail.ts';

interface Flags extends CommonFlags {
  readonly nats?: string;
  readonly after?: number;
  readonly count?: number;
}

const LINE_MAX = 400;

export const traffic = buildCommand({
  docs: describe({
    brief: 'Follow messages as they pass, one a line',
    more:
      'evt.<tenant>.<type>.<id>.<name>, events, and tap.<tenant>.<type>.<id>.<message>, messages to actors, are read from\n' +
      'the gateway, with * for one word and > for the rest. Every other subject is read from NATS itself, at --nats,\n' +
      'NATS_URL or where `oio dev` has it. Ctrl-C ends it.',
    examples: [
      "oio traffic 'evt.dev.>'",
      "oio traffic 'evt.dev.session.*.completed' --json",
      "oio traffic 'evt.dev.>' --after 0 --count 10",
      "oio traffic 'tap.dev.task.*.start'",
      "oio traffic 'eap.v2.>' --nats nats://127.0.0.1:4222",
    ],
  }),
  parameters: {
    flags: {
      ...COMMON,
      nats: {
        kind: 'parsed',
        parse: String,
        brief: 'Read from this NATS',
        placeholder: 'URL',
        optional: true,
      },
      after: {
        kind: 'parsed',
        parse: wholeNumber(0, Number.MAX_SAFE_INTEGER),
        brief: 'Events after this one first; 0: all that are kept',
        placeholder: 'SEQ',
        optional: true,
      },
      count: {
        kind: 'parsed',
        parse: wholeNumber(1, Number.MAX_SAFE_INTEGER),
        brief: 'End after so many',
        placeholder: 'N',
        optional: true,
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Which messages', parse: String, placeholder: 'subject' }],
    },
  },
  async func(this: Cli, flags: Flags, subject: string) {
    await perform(this, flags, async (job) => {
      const ended = new AbortController();
      const signal = AbortSignal.any([this.interrupts(), ended.signal]);
      let left = flags.count ?? Number.POSITIVE_INFINITY;
      const onPassing = (passing: Passing) => {
        if (left <= 0) return;
        job.out.both(passing, toLine(passing));
        left -= 1;
        if (left <= 0) ended.abort();
      };
      const { url } = job.settings;
      const { headers } = job;
      const onGap = (words: string) => job.out.note(`some are missing ${words}`);
      const root = flags.nats === undefined ? subject.split('.', 1)[0] : null;
      if (root === 'tap' && flags.after !== undefined) {
        throw new CliFailure(EXIT.usage, '--after is for events: messages are followed from now on', {
          mend: 'leave it out; past messages are at GET /api/v1/messages',
        });
      }
      // A line that is refused says no reason: this does.
      if (root === 'evt' || root === 'tap') await job.api.getMe();
      if (root === 'evt')
        await followEvents({ url, headers, subject, after: flags.after, signal, onPassing, onGap });
      else if (root === 'tap') await followTail({ url, headers, subject, signal, onPassing, onGap });
      else await followNats({ url: await natsOf(job, flags), subject, signal, onPassing });
    });
  },
});

async function natsOf({ cli, settings }: Job, flags: Flags): Promise<string> {
  const given = parseSettings(cli.env, flags.nats === undefined ? {} : { nats: flags.nats }).natsUrl;
  const found = given ?? (await readDevAddresses(settings.dataDir)).natsUrl;
  if (found !== undefined) return found;
  throw new CliFailure(EXIT.usage, 'where is NATS? Only events (evt.…) are read from the gateway', {
    mend: 'say it with --nats or NATS_URL; `oio dev` here would be found by itself',
  });
}

function toLine({ at, subject, body }: Passing): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const line = plain(text);
  return `${at.slice(11, 23)} ${subject} ${line.length > LINE_MAX ? `${line.slice(0, LINE_MAX)}…` : line}`;
}
