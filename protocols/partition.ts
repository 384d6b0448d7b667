/** Which partition an address belongs to: fixed for the life of a cluster, so this function never changes. */
import { type Address, formatAddress } from './address.ts';

/** The default; a cluster's own number is fixed at its birth and stored in it. */
export const PARTITIONS_DEFAULT = 64;

export function partitionOf(address: Address, partitionCount: number): number {
  return hash32(formatAddress(address)) % partitionCount;
}

/**
 * FNV-1a over UTF-16 code units with the final mix of MurmurHash3: even over few buckets also for ids that differ
 * in one digit only (plain FNV is not).
 */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
