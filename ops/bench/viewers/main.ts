/**
 * `npm run bench:viewers`: what many viewers cost a gateway, and what one that reads nothing costs the others.
 *
 * The gateway, the viewers and the publisher are processes of their own beside a real nats-server. Gates: with 50 viewers
 * at 5,000 events a second at most a quarter of a core and 200 MB; a stalled viewer is sent away within 10 s and moves
 * the others' p95 by at most a tenth (or a millisecond, by which it moves from run to run). All scenes are run several
 * times in turn on the same gateway: medians count, of memory and of how long somebody stalls the highest.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { GATEWAY_FLAGS } from '#ops/dev/gateway-flags.ts';
import { EventServer } from '#ops/dev/test-events.ts';
import { loadAverage, ProcessorWatch } from '../machine.ts';
import { median, quantile } from '../quantiles.ts';
import type { Usage } from './gateway-main.ts';
import { publish } from './publish.ts';
import type { Heard, Order } from './viewers-main.ts';

const GATES = {
  cores: 0.25,
  rssBytes: 200 * 1024 * 1024,
  shedMs: 10_000,
  lagMoves: 0.1,
  lagSlackMs: 1,
} as const;
const WARM_UP_MS = 3_000;
const LOOK_MS = 250;
const HELP = `npm run bench:viewers -- [--viewers 50] [--rate 5000] [--seconds 12] [--runs 3]

Exit codes: 0 the gates hold · 1 one does not · 2 wrong flags
`;

interface Row {
  readonly name: string;
  readonly cores: number;
  readonly rssBytes: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly perSecond: number;
  readonly leftOut: number;
  readonly shedAfterMs: number | null;
}

const SCENES = [
  ['tail', 'none'],
  ['tail', 'silent'],
  ['tail', 'deaf'],
  ['exact', 'none'],
  ['exact', 'deaf'],
] as const satisfies readonly (readonly [Order['lane'], Order['stalled']])[];

const { values } = parseArgs({
  options: {
    viewers: { type: 'string', default: '50' },
    rate: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '12' },
    runs: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});
const [viewers, rate, seconds, runs] = [...[values.viewers, values.rate, values.seconds, values.runs]].map(
  Number,
);
if (values.help || !viewers || !rate || !seconds || !runs) {
  process.stdout.write(HELP);
  process.exit(values.help ? 0 : 2);
}
process.exitCode = await run({ viewers, rate, seconds, runs });

interface Wish {
  readonly viewers: number;
  readonly rate: number;
  readonly seconds: number;
  readonly runs: number;
}

async function run(wish: Wish): Promise<number> {
  const watch = new ProcessorWatch();
  const server = await EventServer.start(process.env);
  const gateway = fork(fileURLToPath(new URL('gateway-main.ts', import.meta.url)), [server.natsUrl], {
    execArgv: [...GATEWAY_FLAGS],
  });
  const people = fork(fileURLToPath(new URL('viewers-main.ts', import.meta.url)));
  let stop: () => void = () => undefined;
  try {
    const [{ address }] = (await once(gateway, 'message')) as [{ address: string }];
    stop = publish(server.connection, wish.rate);
    const measured: Row[] = [];
    for (let at = 0; at < wish.runs; at++) {
      for (const [lane, stalled] of SCENES) {
        const order = { address, lane, stalled, count: wish.viewers };
        const row = await measure({ gateway, people }, order, wish.seconds);
        print(row);
        measured.push(row);
      }
    }
    const rows = [...Map.groupBy(measured, ({ name }) => name).values()].map(summarise);
    say(`of ${wish.runs} runs:`);
    for (const row of rows) print(row);
    const others = watch.othersShare();
    say(
      `others used ${others === null ? 'an unknown share' : `${Math.round(others * 100)} %`} of the machine, load ${loadAverage().toFixed(1)}`,
    );
    return judge(rows);
  } finally {
    stop();
    gateway.disconnect();
    people.disconnect();
    await server.stop();
  }
}

async function measure(
  { gateway, people }: { gateway: ChildProcess; people: ChildProcess },
  order: Order,
  seconds: number,
): Promise<Row> {
  people.send('reset');
  people.send(order);
  await once(people, 'message');
  if (order.stalled === 'none') {
    await sleep(WARM_UP_MS);
    people.send('reset');
  }
  const before = await ask<Usage>(gateway, 'usage');
  const beganMs = performance.now();
  const shed = order.stalled === 'none' ? null : seeShed(order.address, seconds * 1_000);
  await sleep(seconds * 1_000);
  const after = await ask<Usage>(gateway, 'usage');
  const spentMs = performance.now() - beganMs;
  const heard = await ask<Heard>(people, 'heard');
  people.send('close');
  await sleep(1_000);
  return {
    name: `${order.lane}, ${order.stalled === 'none' ? 'all read' : `one ${order.stalled}`}`,
    cores: (after.cpuMs - before.cpuMs) / spentMs,
    rssBytes: after.rssBytes,
    p50Ms: quantile(heard.lagsMs, 0.5),
    p95Ms: quantile(heard.lagsMs, 0.95),
    perSecond: (heard.batches / spentMs) * 1_000,
    leftOut: heard.leftOut,
    shedAfterMs: (await shed) ?? null,
  };
}

/** How long it takes until the gateway says that it sent one away, in ms; null: it did not. A deaf one hears of nothing. */
async function seeShed(address: string, withinMs: number): Promise<number | null> {
  const beganMs = performance.now();
  const before = await readShed(address);
  while (performance.now() - beganMs < withinMs) {
    await sleep(LOOK_MS);
    if ((await readShed(address)) > before) return performance.now() - beganMs;
  }
  return null;
}

async function readShed(address: string): Promise<number> {
  const text = await (await fetch(`${address}/metrics`)).text();
  return Number(/^oio_live_viewers_shed_total (\d+)/m.exec(text)?.[1] ?? 0);
}

async function ask<Answer>(child: ChildProcess, question: string): Promise<Answer> {
  const answered = once(child, 'message');
  child.send(question);
  const [answer] = (await answered) as [Answer];
  return answer;
}

/** One row of several of the same scene. */
function summarise(rows: readonly Row[]): Row {
  const of = (name: 'cores' | 'p50Ms' | 'p95Ms' | 'perSecond' | 'leftOut') =>
    median(rows.map((row) => row[name]));
  const sheds = rows.map(({ shedAfterMs }) => shedAfterMs ?? Number.POSITIVE_INFINITY);
  return {
    name: rows[0]?.name ?? '',
    rssBytes: Math.max(...rows.map(({ rssBytes }) => rssBytes)),
    ...{ cores: of('cores'), p50Ms: of('p50Ms'), p95Ms: of('p95Ms') },
    ...{ perSecond: of('perSecond'), leftOut: of('leftOut') },
    shedAfterMs: rows.every(({ shedAfterMs }) => shedAfterMs === null) ? null : Math.max(...sheds),
  };
}

function print(row: Row): void {
  const { name, cores, rssBytes, p50Ms, p95Ms, perSecond, leftOut, shedAfterMs } = row;
  const shed = shedAfterMs === null ? '' : `, sent away after ${(shedAfterMs / 1_000).toFixed(1)} s`;
  say(
    `${name.padEnd(18)} ${(cores * 100).toFixed(1)} % of a core, ${Math.round(rssBytes / 1024 / 1024)} MB, ` +
      `lag p50 ${p50Ms.toFixed(1)} p95 ${p95Ms.toFixed(1)} ms, ${Math.round(perSecond)} batches/s, ${leftOut} left out${shed}`,
  );
}

function judge(rows: readonly Row[]): number {
  const faults: string[] = [];
  for (const { name, cores, rssBytes, shedAfterMs, p95Ms } of rows) {
    if (cores > GATES.cores) faults.push(`${name}: ${(cores * 100).toFixed(1)} % of a core`);
    if (rssBytes > GATES.rssBytes) faults.push(`${name}: ${Math.round(rssBytes / 1024 / 1024)} MB`);
    if (name.endsWith('all read')) continue;
    if (shedAfterMs === null || shedAfterMs > GATES.shedMs) faults.push(`${name}: not sent away in time`);
    const alone = rows.find((row) => row.name === `${name.split(',', 1)[0]}, all read`)?.p95Ms ?? 0;
    const allowed = Math.max(alone * (1 + GATES.lagMoves), alone + GATES.lagSlackMs);
    if (p95Ms > allowed)
      faults.push(`${name}: p95 of the others moved from ${alone.toFixed(1)} to ${p95Ms.toFixed(1)} ms`);
  }
  say(faults.length === 0 ? 'all gates hold' : `gates that do not hold:\n  ${faults.join('\n  ')}`);
  return faults.length === 0 ? 0 : 1;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
