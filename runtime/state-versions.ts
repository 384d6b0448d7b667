/**
 * In which version states are written while nodes of two codes are alive: the store says, and only ever raises it.
 *
 * N1. Written is what the store says, not what this code knows; so every node of the cluster can read it.
 * N2. It is raised when all nodes heard have known more for `raiseAfterMs` without a break: so long a way back is open.
 * N3. A node that can't read or write what the store says is unfit: it gives its partitions to others and takes none.
 *     No message is to blame for that, so none becomes a dead letter.
 */
import type { ActorKind } from '#protocols/actor.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import type { Membership } from './membership.ts';
import type { Store } from './store.ts';

export interface StateVersionsOptions {
  readonly kinds: readonly ActorKind[];
  readonly store: Pick<Store, 'stateVersions' | 'raiseStateVersions'>;
  readonly membership: Pick<Membership, 'members'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
  readonly raiseAfterMs: number;
}

/** How often the store is asked. */
const REFRESH_MS = 2_000;

export class StateVersions {
  readonly #options: StateVersionsOptions;
  readonly #known: Readonly<Record<string, number>>;
  /** Since when all nodes have known this version of a kind. */
  readonly #since = new Map<string, { version: number; atMs: number }>();
  #written: ReadonlyMap<string, number> | null = null;
  #refreshedAtMs = 0;
  #unfit: readonly string[] = [];

  constructor(options: StateVersionsOptions) {
    this.#options = options;
    this.#known = Object.fromEntries(options.kinds.map((kind) => [kind.type, kind.stateVersion]));
  }

  /** What this node's code knows, as it tells the others. */
  get known(): Readonly<Record<string, number>> {
    return this.#known;
  }

  /** Whether states can't be read or written here as the cluster has them. */
  get isUnfit(): boolean {
    return this.#unfit.length > 0;
  }

  /** Whether they surely can: the store was asked. */
  get isFit(): boolean {
    return this.#written !== null && !this.isUnfit;
  }

  writtenOf(kind: ActorKind): number {
    return this.#written?.get(kind.type) ?? kind.stateVersion;
  }

  /** Asks the store again where that is due. Nothing may be taken before it succeeded once. */
  async refresh(): Promise<void> {
    const { clock, store, kinds } = this.#options;
    const nowMs = clock.now();
    if (this.#written && nowMs - this.#refreshedAtMs < REFRESH_MS) return;
    let written = await store.stateVersions();
    const raised = new Map(kinds.flatMap((kind) => this.#raiseOf(kind, written.get(kind.type), nowMs)));
    if (raised.size > 0) {
      await store.raiseStateVersions(raised);
      written = await store.stateVersions();
      this.#options.logger.info(
        { versions: Object.fromEntries(raised) },
        'states are written in a newer version',
      );
    }
    this.#written = written;
    this.#refreshedAtMs = nowMs;
    this.#judge(written);
  }

  #raiseOf(kind: ActorKind, written: number | undefined, nowMs: number): [string, number][] {
    const { membership, raiseAfterMs } = this.#options;
    const told = membership.members().map((member) => member.stateVersions?.[kind.type] ?? 0);
    const shared = Math.min(kind.stateVersion, ...told);
    // Of a kind that nobody has written yet there is nothing to wait for.
    if (written === undefined) return shared > 0 ? [[kind.type, shared]] : [];
    if (shared <= written) {
      this.#since.delete(kind.type);
      return [];
    }
    const since = this.#since.get(kind.type);
    if (since?.version !== shared) this.#since.set(kind.type, { version: shared, atMs: nowMs });
    else if (nowMs - since.atMs >= raiseAfterMs) return [[kind.type, shared]];
    return [];
  }

  #judge(written: ReadonlyMap<string, number>): void {
    const wasUnfit = this.isUnfit;
    this.#unfit = this.#options.kinds.flatMap(({ type, stateVersion, oldestVersion }) => {
      const version = written.get(type);
      if (version === undefined || (version >= oldestVersion && version <= stateVersion)) return [];
      return [
        `${type} is written in version ${version}, this code knows ${oldestVersion} to ${stateVersion}`,
      ];
    });
    if (this.isUnfit === wasUnfit) return;
    if (this.isUnfit)
      this.#options.logger.error(
        { reasons: this.#unfit },
        'this code is too old or too new for the states, leaving them to others',
      );
    else this.#options.logger.info({}, 'this code can read and write all states again');
  }
}
