/** Bugs planted on purpose, each a port that breaks one promise: a simulator that does not find them proves nothing. */
import type { Log } from '#runtime/log.ts';
import type { Store } from '#runtime/store.ts';
import { LOG_MUTANTS } from './log-mutants.ts';
import { STORE_MUTANTS } from './store-mutants.ts';
import type { World } from './world.ts';

export interface NodeTools {
  readonly world: World;
  readonly log: Log;
}

export interface Mutant {
  readonly name: string;
  /** In place of the servers. */
  serverStore?(world: World): Store;
  /** In place of what a node has of them. */
  nodeStore?(store: Store, tools: NodeTools): Store;
  nodeLog?(log: Log, tools: NodeTools): Log;
}

export const MUTANTS: readonly Mutant[] = [...STORE_MUTANTS, ...LOG_MUTANTS];
