/**
 * What the work knows of an ACP agent, whatever the version of ACP: what it says, what it asks of us, what it can be told.
 * A new version is a new mapper and a new link behind these types.
 */

export type ToolKind =
  | 'read'
  | 'edit'
  | 'delete'
  | 'move'
  | 'search'
  | 'execute'
  | 'think'
  | 'fetch'
  | 'switch_mode'
  | 'other';

export type ToolStatus = 'pending' | 'in_progress' | 'completed' | 'failed';

export interface Diff {
  readonly path: string;
  /** Null: the file is new. */
  readonly oldText: string | null;
  readonly newText: string;
}

/** What is new of a tool call; what is left out is as it was. */
export interface ToolChange {
  readonly callId: string;
  readonly kind?: ToolKind;
  /** The agent's own name of the tool. */
  readonly name?: string;
  readonly title?: string;
  readonly status?: ToolStatus;
  /** Files that it looks at or changes. */
  readonly paths?: readonly string[];
  readonly input?: unknown;
  readonly output?: string;
  readonly diffs?: readonly Diff[];
  /** Ids of terminals that it shows. */
  readonly terminals?: readonly string[];
}

export interface PlanItem {
  readonly text: string;
  readonly status: 'pending' | 'in_progress' | 'completed';
}

export type Update =
  /** A piece of what the model says or thinks, or of what was said to it (when a session is loaded). */
  | { readonly type: 'text' | 'thought' | 'person'; readonly messageId: string | null; readonly text: string }
  | ({ readonly type: 'tool' } & ToolChange)
  | { readonly type: 'plan'; readonly items: readonly PlanItem[] }
  /** Of the whole session so far; null where the agent does not tell it in dollars. */
  | { readonly type: 'cost'; readonly usd: number | null }
  | { readonly type: 'notice'; readonly text: string };

export interface Tokens {
  readonly input: number;
  readonly output: number;
}

/** Why a turn ended; `other` is a reason that a newer ACP may have. */
export type StopReason = 'end_turn' | 'max_tokens' | 'max_turn_requests' | 'refusal' | 'cancelled' | 'other';

export interface TurnEnd {
  readonly reason: StopReason;
  /** Of this turn; null where the agent does not tell it. */
  readonly tokens: Tokens | null;
}

export interface LoginMethod {
  readonly id: string;
  readonly name: string;
  readonly description: string;
}

export interface AgentAbout {
  readonly name: string;
  readonly version: string;
  /** A session of an earlier process can be loaded again. */
  readonly canLoad: boolean;
  readonly mcpOver: readonly ('http' | 'sse')[];
  readonly logins: readonly LoginMethod[];
}

/** Which models there are to choose from, by their own names. */
export interface ModelChoice {
  readonly current: string;
  readonly offered: readonly string[];
}

export interface SessionOpened {
  readonly sessionId: string;
  /** Null: the agent lets nobody choose. */
  readonly models: ModelChoice | null;
}

export interface McpServer {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface SessionWish {
  /** Absolute. */
  readonly directory: string;
  readonly mcp: readonly McpServer[];
}

export type OptionKind = 'allow_once' | 'allow_always' | 'reject_once' | 'reject_always';

export interface PermissionAsked {
  readonly call: ToolChange;
  readonly options: readonly { readonly optionId: string; readonly kind: OptionKind }[];
}

export interface TerminalWish {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute; null: where the agent works. */
  readonly directory: string | null;
  readonly outputBytesMax: number | null;
}

export interface TerminalExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export interface TerminalOutput {
  readonly output: string;
  readonly isTruncated: boolean;
  /** Null: it runs. */
  readonly exit: TerminalExit | null;
}

/** What an agent can ask of us. What is thrown is told to it; `RefusedAsk` with its own words. */
export interface ClientSide {
  onUpdate(update: Update): void;
  /** The id of the chosen option; null: cancelled. */
  askPermission(asked: PermissionAsked): Promise<string | null>;
  readFile(wish: {
    readonly path: string;
    readonly line: number | null;
    readonly limit: number | null;
  }): Promise<string>;
  writeFile(wish: { readonly path: string; readonly content: string }): Promise<void>;
  createTerminal(wish: TerminalWish): Promise<string>;
  terminalOutput(id: string): TerminalOutput;
  awaitTerminal(id: string): Promise<TerminalExit>;
  killTerminal(id: string): Promise<void>;
  releaseTerminal(id: string): Promise<void>;
}

/** A request of the agent that is refused, with the reason for its model to read. */
export class RefusedAsk extends Error {
  override name = 'RefusedAsk';
  /** `missing`: what it named is not there. */
  readonly kind: 'invalid' | 'missing';

  constructor(kind: 'invalid' | 'missing', message: string) {
    super(message);
    this.kind = kind;
  }
}

/** An agent that has been greeted. What it answers with an error becomes an `AttemptFailure`. */
export interface AgentLink {
  readonly about: AgentAbout;
  authenticate(methodId: string): Promise<void>;
  newSession(wish: SessionWish): Promise<SessionOpened>;
  /** Goes on with a session of an earlier process; what was said in it comes as updates first. */
  loadSession(wish: SessionWish & { readonly sessionId: string }): Promise<SessionOpened>;
  /** Resolves with the model that is current afterwards. */
  chooseModel(name: string): Promise<string>;
  /** Resolves with the end of the turn. */
  prompt(text: string): Promise<TurnEnd>;
  /** Asks for the end of the turn, which `prompt` then tells. */
  cancel(): Promise<void>;
  close(): void;
}
