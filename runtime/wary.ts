/**
 * How an owner goes on with a partition whose owner before died, or with one that could not be written: in small steps.
 *
 * W1. What is about to be taken is written down first, and committed before the next step: a few messages at a time and
 *     twice as many after each step that went well, or one as long as messages come of a step at which an owner died
 *     already. So it becomes known of which message owners die, and those who died of something else cost a step of
 *     single messages, not the whole backlog.
 * W2. A message of which an owner died when it took that one alone is taken in a process of its own. If that dies as
 *     well, and again at a second try, it is a dead letter; else its turn counts like any other. Three owners die of
 *     one message at most: the first unaware, one at a step with others, one at that message.
 * W3. Only the death of an owner counts. Stores that are away end no process, and so make no dead letter.
 * W4. It lasts until each lane was empty once, or has passed as many messages as one owner can have had in hand.
 */
import type { Lane } from '#protocols/subjects.ts';
import type { TakenRow } from './store.ts';
import { type AttemptPlace, attemptText, parseAttempt } from './supervision.ts';

/** Messages of the first step, and of the largest: what the owner after a death at that step takes one by one. */
const STEP = { first: 32, max: 256 } as const;

/** A message whose turn could not be written when it was alone in its commit. */
export interface Culprit extends AttemptPlace {
  readonly error: string;
}

export interface WaryOptions {
  readonly suspects: Readonly<Record<string, number>>;
  /** Whether what is about to be taken is to be written down. */
  readonly isRecording: boolean;
  readonly culprit: Culprit | null;
  /** Something could not be written: one message at a time tells which. */
  readonly isSearching: boolean;
  /** How many messages an owner can have taken before it committed any. */
  readonly inHandMax: number;
}

export class Wary {
  readonly #options: WaryOptions;
  readonly #left: Record<Lane, number>;
  /** Behind these nothing was in a step at which an owner died. */
  readonly #suspectTo: Record<Lane, number> = { data: 0, control: 0 };
  #current: AttemptPlace | null = null;
  #stepMax: number = STEP.first;

  constructor(options: WaryOptions) {
    this.#options = options;
    this.#left = { data: options.inHandMax, control: options.inHandMax };
    for (const { lane, seq } of Object.keys(options.suspects).flatMap(parseAttempt)) {
      this.#suspectTo[lane] = Math.max(this.#suspectTo[lane], seq);
    }
  }

  get isRecording(): boolean {
    return this.#options.isRecording;
  }

  get isSearching(): boolean {
    return this.#options.isSearching;
  }

  get culprit(): Culprit | null {
    return this.#options.culprit;
  }

  get isOver(): boolean {
    return this.#left.data <= 0 && this.#left.control <= 0;
  }

  /** How many messages may be taken in one step when all up to these sequences is committed. */
  stepMaxBehind({ data, control }: Readonly<Record<Lane, number>>): number {
    const isAmongSuspects = data < this.#suspectTo.data || control < this.#suspectTo.control;
    return this.#options.isSearching || isAmongSuspects ? 1 : this.#stepMax;
  }

  /** The same for kept mail, whose messages stand before what is committed. */
  get keptStepMax(): number {
    const { suspects, isSearching } = this.#options;
    return isSearching || Object.keys(suspects).length > 0 ? 1 : this.#stepMax;
  }

  /** These are about to be taken, and those before them are committed. */
  begin(places: readonly AttemptPlace[]): void {
    // If there is another step after this one, it went well.
    if (places.length === this.#stepMax) this.#stepMax = Math.min(this.#stepMax * 2, STEP.max);
    const [first] = places;
    this.#current = first && places.length === 1 ? first : null;
    for (const { lane } of places) this.#left[lane]--;
  }

  /** What was taken last, where that was one message. */
  get current(): AttemptPlace | null {
    return this.#current;
  }

  /** Whether an owner died when it took this message and no other. */
  isSuspect(place: AttemptPlace): boolean {
    return (this.#options.suspects[attemptText([place])] ?? 0) > 0;
  }

  /** Why this message can't be taken, if it is the one that could not be written. */
  faultOf({ lane, seq }: AttemptPlace): string | null {
    const { culprit } = this;
    return culprit?.lane === lane && culprit.seq === seq ? culprit.error : null;
  }

  /** Nothing more waits in this lane. */
  sawEmpty(lane: Lane): void {
    this.#left[lane] = 0;
  }
}

/** What a node remembers of its partitions from one taking to the next. */
export class WaryBook {
  readonly #unfinished = new Map<number, Pick<WaryOptions, 'isRecording' | 'isSearching' | 'culprit'>>();

  /** How the partition is to be taken; null: as ever. */
  open(row: TakenRow, inHandMax: number): Wary | null {
    const before = this.#unfinished.get(row.id);
    this.#unfinished.delete(row.id);
    const isRecording =
      row.isAbandoned || Object.keys(row.suspects).length > 0 || before?.isRecording === true;
    if (!isRecording && !before) return null;
    const { isSearching = false, culprit = null } = before ?? {};
    return new Wary({ suspects: row.suspects, isRecording, isSearching, culprit, inHandMax });
  }

  /** The partition has to be read again before it was through. */
  interrupted(id: number, wary: Wary | null): void {
    if (wary) this.#unfinished.set(id, wary);
  }

  /** Its batch can't be written: the message that makes it so is the one that was alone in it, or is to be found. */
  unwritable(id: number, wary: Wary | null, error: unknown): void {
    const culprit = wary?.current ? { ...wary.current, error: textOf(error) } : null;
    this.#unfinished.set(id, { isRecording: wary?.isRecording ?? false, isSearching: true, culprit });
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${textOf(error.cause)}`;
}
