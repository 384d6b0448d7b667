/** The console's cookie. Scripts cannot read it, other sites cannot send it, and over https it is of this host alone. */
import type { FastifyRequest } from 'fastify';

const NAMES = { secure: '__Host-oio', plain: 'oio-login' } as const;
const VALUE = /^[\w-]{1,300}$/;

/** What was presented in a cookie; null: nothing that could be ours. */
export function readLoginCookie(request: FastifyRequest): string | null {
  const given = (request.headers.cookie ?? '').split(';').map((part) => part.trim());
  for (const name of [NAMES.secure, NAMES.plain]) {
    const value = given.find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);
    if (value !== undefined && VALUE.test(value)) return value;
  }
  return null;
}

export function writeLoginCookie(request: FastifyRequest, value: string, seconds: number): string {
  const isSecure = isHttps(request);
  const name = isSecure ? NAMES.secure : NAMES.plain;
  const parts = [`${name}=${value}`, 'Path=/', `Max-Age=${seconds}`, 'HttpOnly', 'SameSite=Strict'];
  return [...parts, ...(isSecure ? ['Secure'] : [])].join('; ');
}

/** Both, whichever was set. A browser takes the one of https only over https. */
export function clearLoginCookies(request: FastifyRequest): string[] {
  const rest = 'Path=/; Max-Age=0; HttpOnly; SameSite=Strict';
  const plain = `${NAMES.plain}=; ${rest}`;
  return isHttps(request) ? [`${NAMES.secure}=; ${rest}; Secure`, plain] : [plain];
}

/** A proxy before us may say so. Who lies here makes a cookie that only https sends, or one that is sent as it came. */
function isHttps({ protocol, headers }: FastifyRequest): boolean {
  return protocol === 'https' || headers['x-forwarded-proto'] === 'https';
}
