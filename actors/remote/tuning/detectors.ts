/**
 * What must not be in a data set: secrets of known forms, what looks like one, and personal data. Each kind has a pattern,
 * and where a pattern finds too much a check of what it found. Pure.
 *
 * D1. A placeholder is found by no detector.
 */

export interface Detector {
  readonly kind: string;
  readonly pattern: RegExp;
  /** Of a match: the part that is replaced, where it is not all of it; null: it is none. */
  readonly part?: (match: RegExpExecArray) => string | null;
}

const whole = (kind: string, pattern: RegExp): Detector => ({ kind, pattern });

/** Long ones first: what one has replaced the next does not see. */
export const DETECTORS: readonly Detector[] = [
  whole(
    'private_key',
    /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g,
  ),
  whole('jwt', /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/g),
  whole('aws_key', /\b(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{16}\b/g),
  whole('github_token', /\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{22,})/g),
  whole('gitlab_token', /\bglpat-[\w-]{20,}/g),
  whole('slack_token', /\bxox[abeoprs]-[\w-]{10,}/g),
  whole('api_key', /\b(?:sk|pk|rk)[-_](?:live[-_]|test[-_]|proj[-_]|ant[-_])?[\w-]{16,}/g),
  whole('google_key', /\bAIza[\w-]{35}/g),
  whole('npm_token', /\bnpm_[A-Za-z0-9]{36}/g),
  whole('hugging_face_token', /\bhf_[A-Za-z0-9]{30,}/g),
  {
    kind: 'url_credentials',
    pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/([^\s/:@<>"']*:[^\s/@<>"']+)@/gi,
    part: first,
  },
  {
    kind: 'assigned_secret',
    pattern:
      /(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|access[_-]?key|credentials?)["']?\s{0,4}(?:=>|[:=])\s{0,4}(?:"([^"\n<]{6,200})"|'([^'\n<]{6,200})'|([^\s"'<>(){}[\],;]{8,200}))/gi,
    part: assigned,
  },
  whole('email', /\b[\w.%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24}\b/g),
  whole('phone', /(?<![\w.])\+\d{1,3}(?:[ .-]?\(?\d{1,5}\)?){2,6}(?!\w)/g),
  whole('phone', /(?<![\w.-])(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])/g),
  { kind: 'ip_address', pattern: /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\w)/g, part: publicIp },
  whole('ip_address', /(?<![\w:])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![\w:])/gi),
  whole('ip_address', /(?<![\w:])(?:[0-9a-f]{1,4}:){2,6}(?::[0-9a-f]{1,4}){1,5}(?![\w:])/gi),
  whole('home_path', /(?<![\w])\/(?:home|Users)\/[^\s/"'`:;,()<>[\]{}|\\]+/g),
  whole('home_path', /\b[A-Za-z]:(?:\\{1,2}|\/)Users(?:\\{1,2}|\/)[^\s\\/"'`:;,()<>[\]{}|]+/g),
  whole('home_path', /(?<![\w/.-])\/root(?=\/|\b(?![\w-]))/g),
  { kind: 'high_entropy', pattern: /(?<![\w+/=-])[\w-]{24,}(?![\w-])/g, part: random },
  { kind: 'high_entropy', pattern: /(?<![\w+/=-])[A-Za-z0-9+/]{32,}={0,2}(?![\w+/=-])/g, part: randomBase64 },
];

const ENTROPY_BITS_MIN = 3.6;
const HEX_CHARS_MIN = 32;
/** What names a commit is in every second line of a tool's output, and secret to nobody. */
const COMMIT_CHARS = 40;

function first(match: RegExpExecArray): string | null {
  return match[1] ?? null;
}

/** Unquoted, a word is a type or a variable unless it has letters and digits; quoted, it is a value. */
function assigned(match: RegExpExecArray): string | null {
  const [, double, single, bare] = match;
  const quoted = double ?? single;
  if (quoted !== undefined) return quoted;
  return bare !== undefined && /[a-z]/i.test(bare) && /\d/.test(bare) ? bare : null;
}

function publicIp([text]: RegExpExecArray): string | null {
  const parts = text.split('.').map(Number);
  if (parts.some((part) => part > 255)) return null;
  // The machine itself and nobody at all are no one's address.
  return parts[0] === 127 || parts.every((part) => part === 0) ? null : text;
}

function random([text]: RegExpExecArray): string | null {
  if (/^[0-9a-f]+$/i.test(text)) {
    const isHex = text.length >= HEX_CHARS_MIN && text.length !== COMMIT_CHARS;
    return isHex && /\d/.test(text) && /[a-f]/i.test(text) ? text : null;
  }
  const isMixed = /[a-z]/.test(text) && /[A-Z]/.test(text) && /\d/.test(text);
  return isMixed && entropyOf(text) >= ENTROPY_BITS_MIN ? text : null;
}

/** A path of words has slashes too: what is base64 has signs that no path has, or long parts without a slash. */
function randomBase64(match: RegExpExecArray): string | null {
  const [text] = match;
  const isPath =
    text.includes('/') && !/[+=]/.test(text) && text.split('/').every((part) => part.length < 24);
  return isPath ? null : random(match);
}

/** Shannon's, in bits a character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const sign of text) counts.set(sign, (counts.get(sign) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
