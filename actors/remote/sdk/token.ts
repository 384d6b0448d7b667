/** What a program shows to get in: to the gateway its key, to NATS its token. Neither is shown to the other. */
import { z } from 'zod';

export const TOKEN_SETTINGS = {
  /** For the gateway, where it asks who comes: of role `agent`. No `…_API_KEY`: those are passed on to what tasks run. */
  OIO_KEY: z.string().min(1).optional(),
  OIO_NATS_TOKEN: z.string().min(1).optional(),
};

interface Settings {
  readonly OIO_GATEWAY_URL?: string | undefined;
  readonly OIO_KEY?: string | undefined;
  readonly OIO_NATS_TOKEN?: string | undefined;
}

/** Of the one that it joins by: the gateway, where its address is given. */
export function tokenOf({ OIO_GATEWAY_URL, OIO_KEY, OIO_NATS_TOKEN }: Settings): { readonly token?: string } {
  const token = OIO_GATEWAY_URL === undefined ? OIO_NATS_TOKEN : OIO_KEY;
  return token === undefined ? {} : { token };
}
