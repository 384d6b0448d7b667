/** The work on a task of building a data set: read, put together, store the files as artifacts. */
import type { WorkResult } from '#actors/remote/sdk/result.ts';
import type { AgentTask } from '#actors/remote/sdk/task.ts';
import { BuildOrder } from '#protocols/dataset.ts';
import { Assembly } from './assemble.ts';
import { collect } from './collect.ts';
import { TuningFailure } from './failure.ts';
import { buildGateway, type GatewayOptions } from './gateway.ts';

const MANIFEST_NAME = 'manifest.json';
/** Of the whole: the rest is for the files. */
const READING_PERCENT = 90;

export async function buildDataset(gateway: GatewayOptions, task: AgentTask): Promise<WorkResult> {
  const order = readOrder(task.payload.prompt);
  const assembly = new Assembly(order);
  const api = buildGateway(gateway, task.signal);
  await collect(order, {
    api,
    assembly,
    signal: task.signal,
    onSession: (done, total) => {
      const percent = Math.floor((done * READING_PERCENT) / total);
      void task.progress({ percent, note: `${done} of ${total} sessions read` });
    },
  });
  const { files, manifest, summary } = assembly.finish();
  for (const { name, text } of files) {
    await task.artifact({ name, role: 'result', mediaType: 'application/jsonl', bytes: text });
  }
  await task.artifact({
    name: MANIFEST_NAME,
    role: 'report',
    mediaType: 'application/json',
    bytes: manifest,
  });
  const { train, validation } = summary.samples;
  const said = `${train} samples to train on, ${validation} to validate, of ${summary.sessions.used} sessions`;
  return { success: true, summary: said, output: { ...summary } };
}

function readOrder(prompt: string): BuildOrder {
  const order = BuildOrder.safeParse(parseJson(prompt));
  if (order.success) return order.data;
  throw new TuningFailure('ORDER_UNREADABLE', 'the task does not say which data set', false);
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
