/**
 * An ACP agent without a model, on the SDK's own agent side: it does what the lines of its prompt say. For tests, and as an
 * example of the smallest agent that uses everything an agent may ask of us. Its arguments: `--login` (it wants a login
 * first), `--acp-2` (it speaks another version), `--mute` (it never answers), `--store <folder>` (sessions can be loaded),
 * `--scripts <JSON>` (lines by what a prompt has in it, in the place of its own).
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  type AgentContext,
  agent,
  methods,
  ndJsonStream,
  type ReadTextFileResponse,
  RequestError,
  type RequestPermissionResponse,
  type SessionUpdate,
  type StopReason,
} from '@agentclientprotocol/sdk';

const { values: wishes } = parseArgs({
  options: {
    login: { type: 'boolean', default: false },
    'acp-2': { type: 'boolean', default: false },
    mute: { type: 'boolean', default: false },
    store: { type: 'string' },
    scripts: { type: 'string', default: '{}' },
  },
});

interface Session {
  readonly id: string;
  readonly directory: string;
  readonly told: string[];
  readonly tools: readonly string[];
  model: string;
  cancel: AbortController;
}

/** One prompt at work. */
interface Turn {
  readonly session: Session;
  readonly client: AgentContext;
  readonly signal: AbortSignal;
}

const SCRIPTS: Readonly<Record<string, string>> = JSON.parse(wishes.scripts);
const MODELS = ['plain', 'fancy'];
const OPTIONS = [
  { optionId: 'yes', name: 'Yes', kind: 'allow_once' as const },
  { optionId: 'ever', name: 'Always', kind: 'allow_always' as const },
  { optionId: 'no', name: 'No', kind: 'reject_once' as const },
];
const sessions = new Map<string, Session>();
let isLoggedIn = false;
let calls = 0;

/** What a line of the prompt, `verb: rest`, does. Resolves with another end of the turn than its own. */
const VERBS: Record<string, (turn: Turn, rest: string) => Promise<StopReason | undefined>> = {
  say: async (turn, rest) => say(turn, rest),
  think: async (turn, text) =>
    tell(turn, { sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text } }),
  plan: async (turn, rest) => {
    const entries = rest.split(',').map((content, index) => ({
      content: content.trim(),
      priority: 'medium' as const,
      status: index === 0 ? ('completed' as const) : ('in_progress' as const),
    }));
    return tell(turn, { sessionUpdate: 'plan', entries });
  },
  edit: async (turn, rest) => {
    const { path, content } = readAssignment(turn, rest);
    const isAllowed = await permit(turn, {
      kind: 'edit',
      title: path,
      locations: [{ path }],
      rawInput: { path },
    });
    return isAllowed ? write(turn, path, content) : say(turn, 'may not edit');
  },
  write: async (turn, rest) => {
    const { path, content } = readAssignment(turn, rest);
    return write(turn, path, content);
  },
  /** With its own hands, as agents may. */
  big: async (turn, rest) => {
    const text = Array.from({ length: 6_000 }, () => randomUUID()).join('\n');
    writeFileSync(resolve(turn.session.directory, rest), text);
    return undefined;
  },
  read: async (turn, rest) => {
    const path = resolve(turn.session.directory, rest);
    const params = { sessionId: turn.session.id, path };
    const file = await turn.client
      .request<ReadTextFileResponse>(methods.client.fs.readTextFile, params)
      .catch(toWords);
    return say(turn, typeof file === 'string' ? file : file.content);
  },
  run: async (turn, command) => run(turn, command),
  /** Without waiting for it. */
  start: async ({ client, session }, command) => {
    await client.createTerminal({ sessionId: session.id, command });
    return undefined;
  },
  /** With its own hands, and out of its own group. */
  spawn: async (_, command) => {
    spawn('/bin/sh', ['-c', command], { detached: true, stdio: 'ignore' }).unref();
    return undefined;
  },
  ask: async (turn, rest) => {
    const titles = rest.split(',').map((title) => title.trim());
    const allowed = await Promise.all(
      titles.map((title) => permit(turn, { kind: 'execute', title, rawInput: { command: title } })),
    );
    return say(turn, titles.filter((_, index) => allowed[index]).join(' ') || 'nothing allowed');
  },
  wait: async ({ signal }) => {
    await pause(90_000, undefined, { signal }).catch(() => undefined);
    return undefined;
  },
  sleep: async ({ signal }, rest) => {
    await pause(Number(rest), undefined, { signal }).catch(() => undefined);
    return undefined;
  },
  use: async (turn, rest) => {
    const [used = 0, amount = 0] = rest.split(' ').map(Number);
    const cost = { amount, currency: 'USD' };
    return tell(turn, { sessionUpdate: 'usage_update', used, size: 1_000, cost });
  },
  show: async (turn) => {
    const { model, tools, told, directory } = turn.session;
    return say(turn, JSON.stringify({ model, tools, told: told.length, directory }));
  },
  stop: async (_, rest) => rest as StopReason,
  fail: async (_, rest) => {
    throw RequestError.internalError({ details: rest });
  },
  die: async (_, rest) => {
    process.stderr.write(`${rest}\n`);
    process.exit(3);
  },
};

const app = agent({ name: 'example' })
  .onRequest(methods.agent.initialize, async () => {
    if (wishes.mute) await pause(600_000);
    return {
      protocolVersion: wishes['acp-2'] ? 2 : 1,
      agentInfo: { name: 'example-agent', version: '1.2.3' },
      agentCapabilities: { loadSession: wishes.store !== undefined, mcpCapabilities: { http: true } },
      authMethods: [{ id: 'token', name: 'A token', description: 'run `example login`' }],
    };
  })
  .onRequest(methods.agent.authenticate, ({ params }) => {
    if (params.methodId !== 'token') throw RequestError.invalidParams(undefined, 'no such login');
    isLoggedIn = true;
    return {};
  })
  .onRequest(methods.agent.session.new, ({ params }) => {
    if (wishes.login && !isLoggedIn) throw RequestError.authRequired();
    return openSession(randomUUID(), params, []);
  })
  .onRequest(methods.agent.session.load, async ({ params, client }) => {
    const told = loadStored(params.sessionId);
    const opened = openSession(params.sessionId, params, told);
    const turn = { client, session: find(params.sessionId), signal: new AbortController().signal };
    for (const text of told) {
      await tell(turn, { sessionUpdate: 'user_message_chunk', content: { type: 'text', text } });
      await say(turn, `of before: ${text}`);
    }
    return opened;
  })
  .onRequest(methods.agent.session.setConfigOption, ({ params }) => {
    const session = find(params.sessionId);
    session.model = String(params.value);
    return { configOptions: describeModels(session) };
  })
  .onRequest(methods.agent.session.prompt, async ({ params, client }) => {
    const session = find(params.sessionId);
    session.cancel = new AbortController();
    const text = params.prompt.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
    session.told.push(text);
    store(session);
    const stopReason = await obey({ session, client, signal: session.cancel.signal }, text);
    const usage = { inputTokens: 10, outputTokens: 3, totalTokens: 13 };
    return { stopReason, usage };
  })
  .onNotification(methods.agent.session.cancel, ({ params }) => find(params.sessionId).cancel.abort());

app.connect(
  ndJsonStream(Writable.toWeb(process.stdout), Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>),
);

async function obey(turn: Turn, text: string): Promise<StopReason> {
  const [, script = text] = Object.entries(SCRIPTS).find(([key]) => text.includes(key)) ?? [];
  for (const line of script.split('\n')) {
    const [, verb = '', rest = ''] = /^\s*(\w+):\s*(.*)$/.exec(line) ?? [];
    const end = await VERBS[verb]?.(turn, rest.trim());
    if (turn.signal.aborted) return 'cancelled';
    if (end !== undefined) return end;
  }
  return 'end_turn';
}

function openSession(
  id: string,
  { cwd, mcpServers }: { readonly cwd: string; readonly mcpServers: readonly { readonly name: string }[] },
  told: string[],
) {
  const tools = mcpServers.map(({ name }) => name);
  const session = { id, directory: cwd, told, tools, model: 'plain', cancel: new AbortController() };
  sessions.set(id, session);
  return { sessionId: id, configOptions: describeModels(session) };
}

function describeModels({ model }: Session) {
  const options = MODELS.map((value) => ({ value, name: value }));
  return [
    { type: 'select' as const, id: 'model', name: 'Model', category: 'model', currentValue: model, options },
  ];
}

function find(id: string): Session {
  const session = sessions.get(id);
  if (session === undefined) throw RequestError.resourceNotFound(id);
  return session;
}

async function tell({ session, client }: Turn, update: SessionUpdate): Promise<undefined> {
  await client.notify(methods.client.session.update, { sessionId: session.id, update });
}

async function say(turn: Turn, text: string): Promise<undefined> {
  const messageId = randomUUID();
  return tell(turn, { sessionUpdate: 'agent_message_chunk', messageId, content: { type: 'text', text } });
}

type Call = Omit<
  Extract<SessionUpdate, { sessionUpdate: 'tool_call_update' }>,
  'sessionUpdate' | 'toolCallId'
>;

async function permit(turn: Turn, call: Call): Promise<boolean> {
  calls += 1;
  const { outcome } = await turn.client.request<RequestPermissionResponse>(
    methods.client.session.requestPermission,
    {
      sessionId: turn.session.id,
      toolCall: { toolCallId: `call-${calls}`, ...call },
      options: OPTIONS,
    },
  );
  return outcome.outcome === 'selected' && outcome.optionId !== 'no';
}

async function write(turn: Turn, path: string, content: string): Promise<undefined> {
  calls += 1;
  const toolCallId = `call-${calls}`;
  const diff = { type: 'diff' as const, path, newText: content };
  await tell(turn, { sessionUpdate: 'tool_call', toolCallId, kind: 'edit', title: path, content: [diff] });
  const params = { sessionId: turn.session.id, path, content };
  const fault = await turn.client.request(methods.client.fs.writeTextFile, params).then(() => null, toWords);
  const status = fault === null ? 'completed' : 'failed';
  await tell(turn, { sessionUpdate: 'tool_call_update', toolCallId, status });
  return fault === null ? undefined : say(turn, fault);
}

async function run(turn: Turn, command: string): Promise<undefined> {
  calls += 1;
  const toolCallId = `call-${calls}`;
  await tell(turn, {
    sessionUpdate: 'tool_call',
    toolCallId,
    kind: 'execute',
    title: command,
    status: 'in_progress',
  });
  const params = { sessionId: turn.session.id, command, outputByteLimit: 1_000 };
  const terminal = await turn.client.createTerminal(params).catch(toWords);
  if (typeof terminal === 'string') return say(turn, terminal);
  const onCancel = () => void terminal.kill();
  turn.signal.addEventListener('abort', onCancel);
  const { exitCode } = await terminal.waitForExit();
  const { output } = await terminal.currentOutput();
  await terminal.release();
  await tell(turn, { sessionUpdate: 'tool_call_update', toolCallId, status: 'completed', rawOutput: output });
  return say(turn, `${exitCode}: ${output.trim()}`);
}

function readAssignment(
  { session }: Turn,
  rest: string,
): { readonly path: string; readonly content: string } {
  const [name = '', content = ''] = rest.split(' = ');
  return { path: resolve(session.directory, name), content: `${content}\n` };
}

function toWords(error: unknown): string {
  return error instanceof Error ? error.message : JSON.stringify(error);
}

function store({ id, told }: Session): void {
  if (wishes.store === undefined) return;
  mkdirSync(wishes.store, { recursive: true });
  writeFileSync(resolve(wishes.store, id), JSON.stringify(told));
}

function loadStored(id: string): string[] {
  const path = resolve(wishes.store ?? '', id);
  if (!existsSync(path)) throw RequestError.resourceNotFound(id);
  return JSON.parse(readFileSync(path, 'utf8'));
}
