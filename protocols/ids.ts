/** Ids: UUIDs. Version 7 where an id is born at a time; version 8 where it derives from something that repeats. */
import { z } from 'zod';
import { assert } from './assert.ts';

/** An entity's id: a UUID, or what the client supplied. Safe as a token of a subject and in a file name. */
export const EntityId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/, 'letters, digits, "_" and "-", at most 128 characters');

export const TenantId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and "-", at most 63 characters');

/** UUIDv7 (RFC 9562) from a time in ms and 20 hex digits, random or derived. Sorts by time. */
export function uuidFromTime(atMs: number, digits: string): string {
  assert(digits.length >= 20, 'a UUIDv7 needs 20 digits beside its time');
  const time = Math.max(0, Math.trunc(atMs)).toString(16).padStart(12, '0').slice(-12);
  return format(time + digits.slice(0, 20), '7');
}

/** UUIDv8 (RFC 9562) from 32 derived hex digits: the same input gives the same id. */
export function uuidFromHash(digits: string): string {
  assert(digits.length >= 32, 'a UUIDv8 needs 32 digits');
  return format(digits.slice(0, 32), '8');
}

function format(hex: string, version: '7' | '8'): string {
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    version + hex.slice(13, 16),
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-');
}
