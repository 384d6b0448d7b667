/** What one node may hold in memory at a time. The table of all queues and their bounds: `ops/docs/bounds.md`. */
const KIB = 1024;
const MIB = 1024 * KIB;

export const ACTOR_MEMORY_DEFAULT_MB = 256;

export interface NodeBounds {
  /** Actors in memory, by estimate. */
  readonly actorBytesMax: number;
  /** Turns that wait for their commit, in all partitions; a partition below its share of it may go on. */
  readonly uncommittedMax: number;
  readonly uncommittedBytesMax: number;
  /** Publications that the log has not acknowledged. */
  readonly inFlightMax: number;
  readonly inFlightBytesMax: number;
}

export const NODE_BOUNDS: NodeBounds = {
  actorBytesMax: ACTOR_MEMORY_DEFAULT_MB * MIB,
  uncommittedMax: 4_000,
  uncommittedBytesMax: 32 * MIB,
  inFlightMax: 10_000,
  inFlightBytesMax: 32 * MIB,
};

export const PARTITION_LIMITS = {
  uncommittedMax: 2_000,
  uncommittedBytesMax: 8 * MIB,
  /** Messages of one lane that were read and not taken yet; one more where a single message is larger. */
  bufferMax: 128,
  bufferBytesMax: 512 * KIB,
  roundMax: 128,
  /** Of kept mail, whose bodies come from the store all at once. */
  keptRoundMax: 64,
} as const;
