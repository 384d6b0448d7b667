/**
 * ACP version 1 in our own types, and back. Pure. Agents are of many makes and versions: of what they say only what is
 * needed is read, what cannot be read is left out, and what is not known is no fault.
 */
import { z } from 'zod';
import { AttemptFailure } from './failure.ts';
import type {
  AgentAbout,
  McpServer,
  ModelChoice,
  OptionKind,
  PermissionAsked,
  StopReason,
  TerminalWish,
  ToolChange,
  TurnEnd,
  Update,
} from './link.ts';

export const PROTOCOL_VERSION = 1;

/** How the agent is to be told another model. */
export interface ModelsOffered extends ModelChoice {
  readonly by:
    | { readonly method: 'config_option'; readonly configId: string }
    | { readonly method: 'set_model' };
}

const text = z.string();
const list = <Item extends z.ZodType>(item: Item) =>
  z.array(z.unknown()).transform((all) =>
    all.flatMap((one) => {
      const parsed = item.safeParse(one);
      return parsed.success ? [parsed.data] : [];
    }),
  );
/** A part that may be missing, null, or of a shape that is not known here. */
const maybe = <Part extends z.ZodType>(part: Part) => part.nullish().catch(undefined);

const Content = z.object({ type: text, text: maybe(text), uri: maybe(text) });
const ToolContent = z.object({
  type: text,
  content: maybe(Content),
  path: maybe(text),
  oldText: maybe(text),
  newText: maybe(text),
  terminalId: maybe(text),
});
const Kind = z.enum([
  ...(['read', 'edit', 'delete', 'move', 'search'] as const),
  ...(['execute', 'think', 'fetch', 'switch_mode', 'other'] as const),
]);
const Status = z.enum(['pending', 'in_progress', 'completed', 'failed']);
const Tool = z.object({
  toolCallId: text.min(1),
  kind: maybe(Kind),
  name: maybe(text),
  title: maybe(text),
  status: maybe(Status),
  content: maybe(list(ToolContent)),
  locations: maybe(list(z.object({ path: text }))),
  rawInput: z.unknown().optional(),
  rawOutput: z.unknown().optional(),
});
const Chunk = z.object({ content: Content, messageId: maybe(text) });
const PlanUpdate = z.object({
  entries: list(
    z.object({ content: text, status: z.enum(['pending', 'in_progress', 'completed']).catch('pending') }),
  ),
});
const UsageUpdate = z.object({ cost: maybe(z.object({ amount: z.number().nonnegative(), currency: text })) });
const NoticeUpdate = z.object({ title: text, description: maybe(text) });
const Named = z.object({ sessionUpdate: text });

const CHUNKS: Readonly<Record<string, 'text' | 'thought' | 'person'>> = {
  agent_message_chunk: 'text',
  agent_thought_chunk: 'thought',
  user_message_chunk: 'person',
};

/** What a `session/update` says; nothing where it is of a kind that is not known. */
export function readUpdate(params: unknown): readonly Update[] {
  const update = z.object({ update: z.unknown() }).safeParse(params).data?.update;
  const kind = Named.safeParse(update).data?.sessionUpdate ?? '';
  const chunk = CHUNKS[kind];
  if (chunk !== undefined) return readChunk(chunk, update);
  switch (kind) {
    case 'tool_call':
    case 'tool_call_update': {
      const call = readTool(update);
      return call === null ? [] : [{ type: 'tool', ...call }];
    }
    case 'plan': {
      const plan = PlanUpdate.safeParse(update).data;
      if (plan === undefined) return [];
      return [
        { type: 'plan', items: plan.entries.map(({ content, status }) => ({ text: content, status })) },
      ];
    }
    case 'usage_update': {
      const cost = UsageUpdate.safeParse(update).data?.cost;
      return [{ type: 'cost', usd: cost?.currency.toUpperCase() === 'USD' ? cost.amount : null }];
    }
    case 'notice': {
      const notice = NoticeUpdate.safeParse(update).data;
      return notice === undefined
        ? []
        : [{ type: 'notice', text: [notice.title, notice.description].filter(Boolean).join(': ') }];
    }
    default:
      return [];
  }
}

function readChunk(type: 'text' | 'thought' | 'person', update: unknown): readonly Update[] {
  const chunk = Chunk.safeParse(update).data;
  const said = chunk?.content.text ?? chunk?.content.uri ?? '';
  return said === '' ? [] : [{ type, messageId: chunk?.messageId ?? null, text: said }];
}

function readTool(update: unknown): ToolChange | null {
  const tool = Tool.safeParse(update).data;
  if (tool === undefined) return null;
  const { content, kind, name, title, status, locations, rawInput, rawOutput } = tool;
  const output = content?.flatMap((part) => part.content?.text ?? []).join('\n') || sayOutput(rawOutput);
  const diffs = content?.flatMap(({ type, path, oldText = null, newText }) =>
    type === 'diff' && path && newText !== undefined && newText !== null ? [{ path, oldText, newText }] : [],
  );
  const terminals = content?.flatMap(({ terminalId }) => terminalId ?? []);
  return {
    callId: tool.toolCallId,
    ...(kind ? { kind } : {}),
    ...(name ? { name } : {}),
    ...(title ? { title } : {}),
    ...(status ? { status } : {}),
    ...(locations?.length ? { paths: locations.map(({ path }) => path) } : {}),
    ...(rawInput === undefined || rawInput === null ? {} : { input: rawInput }),
    ...(output === '' ? {} : { output }),
    ...(diffs?.length ? { diffs } : {}),
    ...(terminals?.length ? { terminals } : {}),
  };
}

function sayOutput(raw: unknown): string {
  if (raw === undefined || raw === null) return '';
  return typeof raw === 'string' ? raw : JSON.stringify(raw, null, 2);
}

const Initialized = z.object({
  protocolVersion: z.number(),
  agentInfo: maybe(z.object({ name: text, title: maybe(text), version: maybe(text) })),
  agentCapabilities: maybe(
    z.object({
      loadSession: maybe(z.boolean()),
      mcpCapabilities: maybe(z.object({ http: maybe(z.boolean()), sse: maybe(z.boolean()) })),
    }),
  ),
  authMethods: maybe(list(z.object({ id: text, name: text, description: maybe(text) }))),
});

/** Throws where the agent speaks another version. */
export function readAbout(result: unknown): AgentAbout {
  const about = Initialized.safeParse(result).data;
  if (about === undefined)
    throw new AttemptFailure('AGENT_REFUSED', 'its answer to the greeting cannot be read');
  const { protocolVersion, agentInfo, agentCapabilities, authMethods } = about;
  if (protocolVersion !== PROTOCOL_VERSION) {
    const versions = `version ${protocolVersion} of ACP, and this agent knows version ${PROTOCOL_VERSION}`;
    throw new AttemptFailure('VERSION_UNKNOWN', `it speaks ${versions}`);
  }
  const { http, sse } = agentCapabilities?.mcpCapabilities ?? {};
  return {
    name: agentInfo?.title ?? agentInfo?.name ?? 'unknown',
    version: agentInfo?.version ?? 'unknown',
    canLoad: agentCapabilities?.loadSession ?? false,
    mcpOver: [...(http ? (['http'] as const) : []), ...(sse ? (['sse'] as const) : [])],
    logins: (authMethods ?? []).map(({ id, name, description }) => ({
      id,
      name,
      description: description ?? '',
    })),
  };
}

const Option = z.object({ value: text });
const Opened = z.object({
  sessionId: maybe(text),
  configOptions: maybe(
    list(
      z.object({
        id: text,
        category: maybe(text),
        currentValue: text,
        options: z.union([z.array(Option), z.array(z.object({ options: z.array(Option) }))]),
      }),
    ),
  ),
  /** As agents had it before there were configuration options. */
  models: maybe(z.object({ currentModelId: text, availableModels: list(z.object({ modelId: text })) })),
});

/** Of `session/new`, `session/load` and `session/set_config_option`. */
export function readOpened(result: unknown): {
  readonly sessionId: string | null;
  readonly models: ModelsOffered | null;
} {
  const opened = Opened.safeParse(result ?? {}).data;
  const sessionId = opened?.sessionId ?? null;
  const option = opened?.configOptions?.find(({ category, id }) => category === 'model' || id === 'model');
  if (option !== undefined) {
    const offered = option.options
      .flatMap((one) => ('value' in one ? [one] : one.options))
      .map(({ value }) => value);
    const by = { method: 'config_option', configId: option.id } as const;
    return { sessionId, models: { current: option.currentValue, offered, by } };
  }
  if (!opened?.models) return { sessionId, models: null };
  const { currentModelId: current, availableModels } = opened.models;
  const offered = availableModels.map(({ modelId }) => modelId);
  return { sessionId, models: { current, offered, by: { method: 'set_model' } } };
}

const count = z.number().nonnegative();
const Prompted = z.object({
  stopReason: z.enum(['end_turn', 'max_tokens', 'max_turn_requests', 'refusal', 'cancelled']).or(text),
  usage: maybe(
    z.object({
      inputTokens: count,
      outputTokens: count,
      thoughtTokens: maybe(count),
      cachedReadTokens: maybe(count),
      cachedWriteTokens: maybe(count),
    }),
  ),
});
const REASONS: ReadonlySet<string> = new Set<StopReason>([
  ...(['end_turn', 'max_tokens', 'max_turn_requests', 'refusal', 'cancelled'] as const),
]);

export function readTurnEnd(result: unknown): TurnEnd {
  const end = Prompted.safeParse(result).data;
  const reason = end !== undefined && REASONS.has(end.stopReason) ? (end.stopReason as StopReason) : 'other';
  if (!end?.usage) return { reason, tokens: null };
  const { inputTokens, outputTokens, thoughtTokens, cachedReadTokens, cachedWriteTokens } = end.usage;
  return {
    reason,
    tokens: {
      input: inputTokens + (cachedReadTokens ?? 0) + (cachedWriteTokens ?? 0),
      output: outputTokens + (thoughtTokens ?? 0),
    },
  };
}

/** Of what the SDK has checked already. */
export function readPermission(params: {
  readonly toolCall: unknown;
  readonly options: readonly { readonly optionId: string; readonly kind: OptionKind }[];
}): PermissionAsked {
  const options = params.options.map(({ optionId, kind }) => ({ optionId, kind }));
  return { call: readTool(params.toolCall) ?? { callId: 'unknown' }, options };
}

export function readTerminalWish(params: {
  readonly command: string;
  readonly args?: readonly string[] | undefined;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | undefined;
  readonly cwd?: string | null | undefined;
  readonly outputByteLimit?: number | null | undefined;
}): TerminalWish {
  const { command, args = [], env = [], cwd = null, outputByteLimit = null } = params;
  const environment = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  return { command, args, environment, directory: cwd, outputBytesMax: outputByteLimit };
}

export function toMcpServers(servers: readonly McpServer[]) {
  return servers.map(({ name, url, headers }) => ({
    type: 'http' as const,
    name,
    url,
    headers: Object.entries(headers).map(([header, value]) => ({ name: header, value })),
  }));
}

const AUTH_REQUIRED = -32_000;
/** Invalid request, method not found, invalid parameters. */
const REFUSALS: ReadonlySet<number> = new Set([-32_600, -32_601, -32_602]);

/** An error that the agent answered a request with. `what` it was asked for. */
export function toFailure(
  what: string,
  fault: { readonly code: number; readonly message: string; readonly data?: unknown },
  logins: AgentAbout['logins'],
): AttemptFailure {
  const details = z.object({ details: text }).safeParse(fault.data).data?.details;
  const said = details === undefined ? fault.message : `${fault.message}: ${details}`;
  if (fault.code === AUTH_REQUIRED) return new AttemptFailure('AUTH_REQUIRED', describeLogins(said, logins));
  const code = REFUSALS.has(fault.code) ? 'AGENT_REFUSED' : 'AGENT_FAILED';
  return new AttemptFailure(code, `the agent did not give ${what}: ${said}`);
}

function describeLogins(said: string, logins: AgentAbout['logins']): string {
  const ways = logins.map(({ id, name, description }) => {
    const how = description === '' || description === name ? name : `${name} (${description})`;
    return `${how} [${id}]`;
  });
  const which = ways.length === 0 ? 'it names no way to do so' : `it can be done by: ${ways.join('; ')}`;
  return `the agent wants a login first (${said}). As the user of this process, ${which}`;
}
