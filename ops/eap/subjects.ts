/** The agents of ours, as the kit starts them. opencode has a scripted model, which needs no network. */
import { join } from 'node:path';
import { buildScriptedProvider, MODEL_NAME } from '../demo/model/provider.ts';
import type { Script, ToolCall } from '../demo/model/script.ts';
import { startScriptedModel } from '../demo/model/server.ts';
import { preparePython } from '../dev/python-tools.ts';
import { ACP } from './acp-subject.ts';
import { pythonSubjects } from './python-subject.ts';
import type { Subject } from './stage.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const NODE = JSON.stringify(process.execPath);
const program = (name: string) =>
  `${NODE} ${JSON.stringify(join(ROOT, 'actors', 'remote', name, 'main.ts'))}`;

export interface Ours {
  readonly subjects: readonly Subject[];
  stop(): Promise<void>;
}

const TRANSPORTS = ['nats', 'http'] as const;

export const SHELL: readonly Subject[] = TRANSPORTS.map((transport) => ({
  name: 'shell',
  command: program('shell'),
  transport,
  environment: { OIO_COMMAND: `sh ${JSON.stringify(join(import.meta.dirname, 'task.sh'))}` },
}));

/** All of ours, or what `name` needs: not everybody has a Python. */
export async function startOurs(name: string | null): Promise<Ours> {
  const model = await startScriptedModel({ delayMs: 5, scripts: SCRIPTS });
  const environment = {
    OIO_MODEL: MODEL_NAME,
    OIO_OPENCODE_CONFIG: JSON.stringify(buildScriptedProvider(model.url)),
  };
  const opencode = TRANSPORTS.map((transport) => ({
    name: 'opencode',
    command: program('opencode'),
    transport,
    environment,
  }));
  const python = name === null || name === 'python' ? pythonSubjects(await preparePython(process.env)) : [];
  return { subjects: [...SHELL, ...ACP, ...opencode, ...python], stop: () => model.stop() };
}

const SCRIPTS: readonly Script[] = [
  does('wait', 'sleep 90'),
  does('slow', 'sleep 3'),
  does('artifact', 'head -c 200000 /dev/urandom | base64 > big.txt'),
  {
    name: 'ask',
    match: /conformance: ask/,
    steps: [
      { type: 'call', ...command('echo made by the first'), also: [command('echo made by the second')] },
      { type: 'report', text: 'Allowed:', has: 'made by' },
    ],
  },
  { name: 'finish', match: /conformance: finish/, steps: [{ type: 'answer', text: 'Done.' }] },
];

function does(wish: string, what: string): Script {
  return {
    name: wish,
    match: new RegExp(`conformance: ${wish}`),
    steps: [
      { type: 'call', ...command(what) },
      { type: 'answer', text: 'Done.' },
    ],
  };
}

function command(text: string): ToolCall {
  return {
    tool: 'bash',
    arguments: { command: text, description: 'As the task wants it', timeout: 100_000 },
  };
}
