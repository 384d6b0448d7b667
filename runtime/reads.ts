/** What clients read, as a port: committed snapshots, lists and replies. */
import type { Address } from '#protocols/address.ts';
import type { Supervised } from '#protocols/supervision.ts';
import type { ActorDetail, ListPage, ListQuery, PartitionDetail, StoredActor } from './client.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { KeyedReply } from './store.ts';

export interface Reads {
  get(address: Address): Promise<StoredActor | null>;
  list(query: ListQuery): Promise<ListPage>;
  countByStatus(tenant: string, type: string): Promise<ReadonlyMap<string, number>>;
  inspect(address: Address): Promise<ActorDetail | null>;
  partitions(): Promise<PartitionDetail[]>;
  readonly deadLetters: DeadLetters;
  /** Those of the keys that are known, in any order. */
  replies(keys: readonly { tenant: string; key: string }[]): Promise<KeyedReply[]>;
  /** Actors that take nothing, those that changed last first. */
  suspended(limit: number): Promise<Supervised[]>;
  /** What is known of one actor's supervision; null: it was never held back, or long ago. */
  supervised(address: Address): Promise<Supervised | null>;
  cluster(): Promise<{ partitionCount: number }>;
  /** Asks the server itself; the number of partitions. */
  ping(): Promise<number>;
}
