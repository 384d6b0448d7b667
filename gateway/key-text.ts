/**
 * Keys as people have them: `oio_<tenant>_<id>_<secret>_<checksum>`. The secret is 256 random bits, so its plain SHA-256
 * says nothing of it; the checksum tells a key that was mistyped or cut, and lets scanners find one that leaked.
 *
 * T1. A secret is made here and leaves in one answer; what is kept is its hash.
 * T2. A login's token has another prefix: neither is taken in the other's place.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const PREFIXES = { key: 'oio', login: 'oiologin' } as const;
export type Kind = keyof typeof PREFIXES;

export interface Presented {
  readonly kind: Kind;
  readonly tenant: string;
  readonly id: string;
  readonly secret: string;
}

export interface Made {
  readonly id: string;
  readonly secret: string;
  /** SHA-256 of the secret, in hex. */
  readonly hash: string;
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_BYTES = 32;
const SECRET_CHARS = 43;
const ID_CHARS = 12;
const SUM_CHARS = 6;
const TEXT =
  /^(oio|oiologin)_([a-z0-9][a-z0-9-]{0,62})_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})_([0-9A-Za-z]{6})$/;

export function makeSecret(): Made {
  const secret = toText(randomBytes(SECRET_BYTES), SECRET_CHARS);
  return { id: toText(randomBytes(SECRET_BYTES), ID_CHARS), secret, hash: hashSecret(secret) };
}

export function writeKey({ kind, tenant, id, secret }: Presented): string {
  const text = [PREFIXES[kind], tenant, id, secret].join('_');
  return `${text}_${checksumOf(text)}`;
}

/** Null: it is no key, or was cut or mistyped. */
export function readKey(text: string): Presented | null {
  const [, prefix, tenant, id, secret, checksum] = TEXT.exec(text) ?? [];
  if (!tenant || !id || !secret) return null;
  if (checksumOf(text.slice(0, text.lastIndexOf('_'))) !== checksum) return null;
  return { kind: prefix === PREFIXES.key ? 'key' : 'login', tenant, id, secret };
}

export function hashSecret(secret: string): string {
  return hash('sha256', secret);
}

/** Takes as long whether it is right or not. */
export function isSecretOf(secret: string, wanted: string): boolean {
  return timingSafeEqual(Buffer.from(hashSecret(secret), 'hex'), Buffer.from(wanted, 'hex'));
}

function checksumOf(text: string): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(text));
  return toText(sum, SUM_CHARS);
}

/** Bytes as a number of so many digits, the last ones where there are more. */
function toText(bytes: Buffer, chars: number): string {
  let rest = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (let n = 0; n < chars; n++) {
    text = DIGITS.charAt(Number(rest % 62n)) + text;
    rest /= 62n;
  }
  return text;
}
