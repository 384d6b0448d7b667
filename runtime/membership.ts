/** Who is probably alive, as a port. Heartbeats decide nothing: a false suspicion costs time, never safety. */

/** What a node says of itself with each heartbeat. */
export interface NodeReport {
  readonly id: string;
  readonly draining: boolean;
  /** Partitions held now. */
  readonly partitions: readonly number[];
  /** Messages delivered and not yet committed. */
  readonly lag: number;
  /** The state version of each kind that this node's code knows; a kind that is left out is unknown to it. */
  readonly stateVersions?: Readonly<Record<string, number>> | undefined;
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
  announce(): void;
  /** Called when somebody came, left, or let partitions go. */
  onChange(listener: () => void): void;
  stop(): void;
}
