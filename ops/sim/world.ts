/**
 * The simulated world: one clock, one source of chance, the servers, the state of the faults, and what was seen.
 *
 * W2. All chance comes from the seed, in the order in which things happen: the same seed gives the same history.
 */

import type { ActorKind } from '#protocols/actor.ts';
import { VirtualClock } from '#runtime/testing/clock.ts';
import type { EventLoopWatch } from '#runtime/testing/event-loop.ts';
import { MemoryLog } from '#runtime/testing/log.ts';
import { HeartbeatNetwork } from '#runtime/testing/membership.ts';
import { Random } from '#runtime/testing/random.ts';
import { RemoteNetwork } from '#runtime/testing/remote.ts';
import { CALM, drawSwarm, type Nemesis, type Rates } from './faults.ts';
import { Fold } from './fold.ts';
import { RecordingStore } from './recording-store.ts';

const HISTORY_MAX = 400;

export class World {
  readonly random: Random;
  readonly clock: VirtualClock;
  readonly store: RecordingStore;
  readonly log: MemoryLog;
  readonly fold: Fold;
  readonly heartbeats = new HeartbeatNetwork();
  readonly remote = new RemoteNetwork();
  readonly partitionCount: number;
  readonly nemeses: readonly Nemesis[];
  /** What was seen that must never be. */
  readonly violations: string[] = [];
  readonly counts = new Map<string, number>();
  readonly #history: string[] = [];
  #digest = 0;
  rates: Rates;
  /** In a slow world everything is done so many times more slowly: jobs with a long pace come to their turn. */
  readonly slowness: number;
  /** How likely a caller throws in more than can be held at once. */
  readonly floodChance: number;
  /** How likely a person, who looked, suspends an actor. */
  readonly suspendChance: number;
  storeAwayUntilMs = 0;
  storeSlowUntilMs = 0;
  logAwayUntilMs = 0;
  /** Of the nemesis, begun so far. */
  acts = 0;

  constructor(seed: number, loop: EventLoopWatch, kinds: readonly ActorKind[]) {
    this.random = new Random(seed);
    this.clock = new VirtualClock({ idle: () => loop.idle() });
    this.partitionCount = this.random.between(2, 8);
    this.slowness = this.random.chance(0.2) ? 12 : 1;
    this.floodChance = this.random.chance(0.1) ? 0.01 : 0;
    this.suspendChance = this.random.chance(0.5) ? 0.3 : 0;
    const { rates, nemeses } = drawSwarm(this.random);
    this.rates = rates;
    this.nemeses = nemeses;
    this.log = new MemoryLog(this.clock);
    this.fold = new Fold({
      log: this.log,
      kinds,
      onDifference: (what) => this.violated(`fold: ${what}`),
    });
    this.store = new RecordingStore(this);
  }

  /** No more faults; what is under way still arrives. */
  calm(): void {
    this.rates = { ...CALM };
    this.storeAwayUntilMs = 0;
    this.storeSlowUntilMs = 0;
    this.logAwayUntilMs = 0;
  }

  /** Something happened: part of the history, and of the digest by which two runs are compared. */
  note(what: string): void {
    const line = `${this.clock.now() - START_MS} ${what}`;
    for (let index = 0; index < line.length; index++) {
      this.#digest = Math.imul(this.#digest ^ line.charCodeAt(index), 0x01000193);
    }
    this.#history.push(line);
    if (this.#history.length > HISTORY_MAX) this.#history.shift();
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  violated(what: string): void {
    this.note(`VIOLATED ${what}`);
    this.violations.push(what);
  }

  get history(): readonly string[] {
    return this.#history;
  }

  get digest(): number {
    return this.#digest >>> 0;
  }
}

const START_MS = Date.UTC(2026, 0, 1);
