/** The CLI for tests: its commands, in this process, against a real gateway over a client in memory. */
import { run, type StricliProcess } from '@stricli/core';
import { ACTOR_KINDS } from '#actors/registry.ts';
import { answerAs } from '#actors/testing/answers.ts';
import { buildTestGateway, NOW_MS, type TestGateway } from '#gateway/testing/gateway.ts';
import type { Fetch } from '#protocols/client/client.ts';
import { application, exitCodeOf } from '../application.ts';
import type { Cli, Program } from '../cli.ts';

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of stdout, each as JSON. */
  readonly json: unknown[];
  readonly started: readonly { readonly program: Program; readonly parameters: readonly string[] }[];
}

export interface TestCli extends TestGateway {
  readonly run: (...words: string[]) => Promise<Ended>;
  /** As Ctrl-C would. */
  readonly interrupt: () => void;
  readonly stdout: () => string;
}

export interface TestCliOptions {
  readonly env?: Record<string, string>;
  readonly fetch?: Fetch;
  readonly stdin?: string;
  readonly terminal?: NodeJS.WriteStream;
  readonly config?: Parameters<typeof buildTestGateway>[1];
}

export function buildTestCli(options: TestCliOptions = {}): TestCli {
  const gateway = buildTestGateway(answerAs(ACTOR_KINDS, NOW_MS), options.config);
  const interrupted = new AbortController();
  let written = '';
  return {
    ...gateway,
    interrupt: () => interrupted.abort(new Error('interrupted')),
    stdout: () => written,
    run: async (...words) => {
      const out: string[] = [];
      const err: string[] = [];
      const started: Ended['started'][number][] = [];
      const own: StricliProcess = {
        stdout: {
          write: (text) => {
            out.push(text);
            written += text;
          },
        },
        stderr: { write: (text) => void err.push(text) },
        env: {},
      };
      const cli: Cli = {
        process: own,
        env: options.env ?? {},
        fetch: options.fetch ?? fetchFrom(gateway),
        terminal: options.terminal ?? null,
        readStdin: async () => options.stdin ?? '',
        readSecret: async () => options.stdin ?? '',
        interrupts: () => interrupted.signal,
        propose: async () => [],
        start: async (program, parameters) => void started.push({ program, parameters }),
      };
      await run(application, words, cli);
      const stdout = out.join('');
      const lines = stdout.split('\n').filter((line) => line !== '');
      return {
        exitCode: exitCodeOf(own.exitCode),
        stdout,
        stderr: err.join(''),
        started,
        get json() {
          return lines.map((line): unknown => JSON.parse(line));
        },
      };
    },
  };
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Requests go to the gateway without a network. */
export function fetchFrom({ app }: TestGateway): Fetch {
  return async (url, { method, headers, body }) => {
    const answer = await app.inject({
      // The client's table of operations has these alone.
      method: method as Method,
      url: new URL(url).pathname + new URL(url).search,
      headers,
      ...(body === null ? {} : { payload: body }),
    });
    const { statusCode, rawPayload } = answer;
    return new Response(rawPayload.length === 0 ? null : new Uint8Array(rawPayload), { status: statusCode });
  };
}
