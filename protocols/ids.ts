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

/** UUIDv7 (RFC 9562) from a time in ms and 10 bytes, random or derived. Sorts by time. */
export function uuidFromTime(atMs: number, bytes: Uint8Array): string {
  assert(bytes.length >= 10, 'a UUIDv7 needs 10 bytes beside its time');
  const time = Math.max(0, Math.trunc(atMs)).toString(16).padStart(12, '0').slice(-12);
  return format(time + toHex(bytes.subarray(0, 10)), '7');
}

/** UUIDv8 (RFC 9562) from 16 derived bytes: the same input gives the same id. */
export function uuidFromHash(bytes: Uint8Array): string {
  assert(bytes.length >= 16, 'a UUIDv8 needs 16 bytes');
  return format(toHex(bytes.subarray(0, 16)), '8');
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

function toHex(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return hex;
}
