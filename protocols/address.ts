/** Addresses: `type/tenant/id`. The tenant is in every address, so nothing can be named without one. */
import { z } from 'zod';
import { assert } from './assert.ts';
import { EntityId, TenantId } from './ids.ts';

export const ActorType = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);

export const Address = z.object({ type: ActorType, tenant: TenantId, id: EntityId });
export type Address = z.infer<typeof Address>;

const ADDRESS = /^([a-z][a-z0-9-]{0,31})\/([a-z0-9][a-z0-9-]{0,62})\/([A-Za-z0-9][A-Za-z0-9_-]{0,127})$/;

/** An address as one string: what envelopes carry, and the key of maps. */
export const AddressText = z.string().regex(ADDRESS, 'type/tenant/id');

export function formatAddress(address: Address): string {
  return `${address.type}/${address.tenant}/${address.id}`;
}

/** Takes text that `AddressText` has checked, or that we wrote ourselves. */
export function parseAddress(text: string): Address {
  const match = ADDRESS.exec(text);
  assert(match?.[1] && match[2] && match[3], 'an address reads type/tenant/id');
  return { type: match[1], tenant: match[2], id: match[3] };
}
