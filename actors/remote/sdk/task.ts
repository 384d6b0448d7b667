/** What the work of an agent sees of its task, and says of it. */
import type { AgentOut, AssignPayload } from '#protocols/eap/message.ts';
import type { TokenUsage } from '#protocols/task.ts';
import type { TrainingReport } from '#protocols/training-report.ts';
import type { NewArtifact } from './artifacts.ts';
import type { LockOptions, TaskLock } from './locks.ts';
import type {
  InputAnswer,
  InputQuestion,
  PermissionAnswer,
  PermissionQuestion,
  SteerHandler,
} from './requests.ts';
import type { WorkResult } from './result.ts';
import type { ToolServer } from './tools.ts';

/** Why the signal of a task aborted. Of the first two the orchestrator is told a result, of the others nothing. */
export type EndReason =
  | 'cancelled'
  | 'timed_out'
  /** The orchestrator has moved on to another attempt. */
  | 'stale'
  /** The orchestrator told so at a registration. */
  | 'dropped'
  | 'lease_lost'
  /** A newer attempt of the same task was assigned to this instance. */
  | 'superseded'
  /** `stop()`, or the end of a drain's time. */
  | 'stopped';

/** The `reason` of an aborted task signal. */
export class AttemptEnded extends Error {
  override name = 'AttemptEnded';
  readonly reason: EndReason;

  constructor(reason: EndReason, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

export interface ProgressReport {
  readonly percent?: number;
  readonly note?: string;
  /** Of the whole attempt so far, not since the last report. */
  readonly usage?: TokenUsage;
  /** It cannot go on by itself just now. The next report without it says that it does again. */
  readonly waitsFor?: 'rate_limit' | 'auth';
  /** Of the training of a model: its phase and the latest points of its loss curve, at most 100. */
  readonly training?: TrainingReport;
}

type ToolOut = Extract<AgentOut, { kind: 'tool' }>;
export type ToolCall = Readonly<Pick<ToolOut, 'callId' | 'tool' | 'title' | 'status'>>;

/** What there is of an attempt that a process of before had begun. */
export interface Resumed {
  /** As it said last by `keep`; null: nothing. */
  readonly kept: unknown;
  /** What it had told of its use: count on from there. */
  readonly usage: TokenUsage | null;
  /** Requests to people that were open, by their names: ask again under the same one, or withdraw it. */
  readonly asked: readonly string[];
}

export interface AgentTask {
  readonly id: string;
  readonly attempt: number;
  readonly payload: AssignPayload;
  /** Aborts with an `AttemptEnded`. Work that ends on it soon gets its result heard. */
  readonly signal: AbortSignal;
  /** Null: it begins here. */
  readonly resumed: Resumed | null;
  /** Keeps JSON of at most 64 KiB for a process to come, where the agent has a ledger; the newest counts. */
  keep(value: unknown): Promise<void>;
  /** Never waits for the network. Of reports that wait, the newest is sent. */
  progress(report: ProgressReport): Promise<void>;
  /** Waits only while very many messages wait before it. */
  tool(call: ToolCall): Promise<void>;
  /** Resolves with the artifact's id once it is stored; throws `ArtifactRefused` if it is not. */
  artifact(artifact: NewArtifact): Promise<string>;
  /**
   * Resolves when the lock is had; throws `LockRefused` where it is not to be had in time. It is renewed by itself until
   * it is released, at the latest with the result of the work.
   */
  lock(name: string, options?: LockOptions): Promise<TaskLock>;
  /**
   * Asks whether something may be done. A rule answers at once, a person in their time; nobody's word by then, a cancel
   * or the end of the work is no. Throws `RequestRefused` where the request itself was not taken.
   */
  askPermission(question: PermissionQuestion): Promise<PermissionAnswer>;
  /** Asks a person something; `answers` is null where nobody answered. */
  askInput(question: InputQuestion): Promise<InputAnswer>;
  /** Takes back what a process of before has asked. */
  withdraw(requestId: string): Promise<void>;
  /** What people say while the work goes on is handed to this from now on; say `supports` in the card, too. */
  onSteer(handler: SteerHandler): void;
  /** MCP servers for the program that does the work; they open this task's session until the attempt ends. */
  tools(): Promise<readonly ToolServer[]>;
}

export type Work = (task: AgentTask) => Promise<WorkResult>;
