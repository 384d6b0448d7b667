/** Every bound of the wire in one place. Bytes are of UTF-8 JSON. */

const KIB = 1024;

export const LIMITS = {
  /** An HTTP body, and a message on the wire. Larger values go to the object store by reference. */
  messageBytesMax: 512 * KIB,
  actorStateBytesMax: 1024 * KIB,
  actorStateBytesWarning: 256 * KIB,
  /** The data of one context. Larger values are kept as artifacts, and their reference here. */
  contextBytesMax: 256 * KIB,
  /** One piece of an artifact inside one EAP message. */
  artifactChunkBytesMax: 128 * KIB,
  artifactBytesMax: 32 * 1024 * KIB,
  /** How long a command's reply is kept for callers that repeat it. */
  replyKeptHours: 24,
  idempotencyKeyCharsMax: 255,
  /** How often one dead letter can be replayed. */
  replaysPerLetterMax: 5,
  /** How long a letter that was replayed or dropped is kept. */
  letterKeptDays: 30,
  effectsPerTurnMax: 2_000,
  /** Messages that may wait for one actor, and for one partition, before outside commands are refused. */
  mailboxMax: 1_000,
  mailboxPartitionMax: 10_000,
  /** A partition so far behind would answer nobody before they stop waiting. */
  mailboxAgeMaxMs: 10_000,
  /** Commands of one process that wait for their answer. */
  askedPerClientMax: 20_000,
  timersPerActorMax: 10_000,
  /** A timer comes again no sooner than this. */
  timerEveryMsMin: 1_000,
  /** How many actors may wait for each other's answers in one chain. */
  askDepthMax: 16,
  tasksPerSessionMax: 1_000,
  edgesPerSessionMax: 10_000,
  childrenPerSessionMax: 200,
  retriesPerSessionMax: 3,
} as const;
