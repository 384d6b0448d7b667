/** Who is probably alive, as a port. Heartbeats decide nothing: a false suspicion costs time, never safety. */

/** What a node says of itself with each heartbeat. */
export interface NodeReport {
  readonly id: string;
  readonly draining: boolean;
  /** It still listens who is there, and takes nothing yet. */
  readonly joining: boolean;
  /** It can't reach the store: what it holds does not go on. */
  readonly stalled: boolean;
  /** Partitions held now. */
  readonly partitions: readonly number[];
  /** Messages delivered and not yet committed. */
  readonly lag: number;
  /** Partitions with messages that wait and none applied for long. */
  readonly stuck: readonly number[];
  /** The state version of each kind that this node's code knows; a kind that is left out is unknown to it. */
  readonly stateVersions?: Readonly<Record<string, number>> | undefined;
}

/** A partition that was let go, and who should have it: a hint, so that it is taken without a look round first. */
export interface HandOver {
  readonly partition: number;
  /** The epoch under which it was released. */
  readonly epoch: number;
  readonly to: string;
}

export interface Member extends NodeReport {
  /** Of this node itself: since it heard its own heartbeat, so whether it hears anybody. */
  readonly heardMsAgo: number;
}

export interface Membership {
  /** Begins to listen, and to send what `report` returns. */
  start(report: () => NodeReport): void;
  /** Nodes heard within the lease, this one included, sorted by id. */
  members(): readonly Member[];
  /** Sends a heartbeat now: after a hand-over, and when leaving. */
  announce(handOver?: HandOver): void;
  /** Called when somebody came, left, or let partitions go. */
  onChange(listener: () => void): void;
  /** Called when a partition was handed over to this node. */
  onHandOver(listener: (handOver: HandOver) => void): void;
  stop(): void;
}

/** Whether a report tells something after which owners have to be compared with the plan. */
export function isNews(before: NodeReport | undefined, now: NodeReport): boolean {
  if (!before || before.partitions.length !== now.partitions.length) return true;
  return before.draining !== now.draining || before.joining !== now.joining || before.stalled !== now.stalled;
}
