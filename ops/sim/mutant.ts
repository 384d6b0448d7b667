/** A bug planted on purpose: a port that breaks one promise. */
import type { ActorKind } from '#protocols/actor.ts';
import type { Log } from '#runtime/log.ts';
import type { Store } from '#runtime/store.ts';
import type { World } from './world.ts';

export interface NodeTools {
  readonly world: World;
  readonly log: Log;
}

export interface Mutant {
  readonly name: string;
  /** In place of the kinds of actors: of the nodes and of the fold, which is then none the wiser. */
  readonly kinds?: readonly ActorKind[];
  /** In place of the servers. */
  serverStore?(world: World): Store;
  /** In place of what a node has of them. */
  nodeStore?(store: Store, tools: NodeTools): Store;
  nodeLog?(log: Log, tools: NodeTools): Log;
}
