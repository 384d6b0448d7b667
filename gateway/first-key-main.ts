/**
 * Prints the first key of an admin and the setting for the gateways, where there is no `oio` at hand: in the image.
 * `node gateway/first-key-main.ts [tenant]`
 */
import { TenantId } from '#protocols/ids.ts';
import { makeFirstKey } from './first-key.ts';

const { text, setting } = makeFirstKey(TenantId.parse(process.argv[2] ?? 'dev'));
process.stdout.write(`${text}\n${setting}\n`);
