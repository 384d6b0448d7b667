/**
 * The load: so many callers, each with one request under way, over so many keys, for so long. What a process of its own
 * runs (`load-main.ts`), so that the cost of asking is not taken for the cost of answering.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { HttpCaller } from './http-caller.ts';
import { quantile } from './quantiles.ts';

export const LoadPlan = z.object({
  url: z.string(),
  callers: z.number().int(),
  /** Unless `each`: ends after this time. */
  seconds: z.number(),
  /** In paths and headers `{key}` is one of `{prefix}0` to `{prefix}{keys - 1}`, and `{id}` a new UUID. */
  keys: z.number().int(),
  prefix: z.string(),
  /** Each key once, in order, instead of keys by chance for a time. */
  each: z.boolean(),
  method: z.string(),
  path: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});
export type LoadPlan = z.infer<typeof LoadPlan>;

export const LoadReport = z.object({
  answered: z.number(),
  /** Answers that were not 2xx. */
  refused: z.number(),
  seconds: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  maxMs: z.number(),
  /** Of one core, used by the load itself: near 1, the load is what was measured. */
  ownCore: z.number(),
  /** The first refusal, for people. */
  firstRefusal: z.string().nullable(),
});
export type LoadReport = z.infer<typeof LoadReport>;

export async function runLoad(plan: LoadPlan): Promise<LoadReport> {
  const latencies: number[] = [];
  let refused = 0;
  let firstRefusal: string | null = null;
  let turn = 0;
  const url = new URL(plan.url);
  const callers = Array.from({ length: plan.callers }, () => new HttpCaller(url));
  const [beganMs, cpu] = [performance.now(), process.cpuUsage()];
  const endMs = beganMs + plan.seconds * 1_000;
  const isOver = (): boolean => (plan.each ? turn >= plan.keys : performance.now() >= endMs);
  const work = async (caller: HttpCaller): Promise<void> => {
    while (!isOver()) {
      const key = `${plan.prefix}${plan.each ? turn++ : Math.floor(Math.random() * plan.keys)}`;
      const askedMs = performance.now();
      const answer = await caller.ask(fill(plan, key));
      latencies.push(performance.now() - askedMs);
      if (answer.status < 300) continue;
      refused++;
      firstRefusal ??= `${answer.status} ${answer.text.slice(0, 300)}`;
    }
  };
  try {
    await Promise.all(callers.map(work));
  } finally {
    for (const caller of callers) caller.close();
  }
  const seconds = (performance.now() - beganMs) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    answered: latencies.length - refused,
    refused,
    seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    maxMs: quantile(latencies, 1),
    ownCore: (user + system) / 1e6 / seconds,
    firstRefusal,
  };
}

function fill(plan: LoadPlan, key: string) {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(plan.headers)) headers[name] = put(value, key);
  return { method: plan.method, path: put(plan.path, key), headers, body: plan.body };
}

function put(text: string, key: string): string {
  const keyed = text.includes('{key}') ? text.replace('{key}', key) : text;
  return keyed.includes('{id}') ? keyed.replace('{id}', randomUUID()) : keyed;
}
