/** Where the documents of the protocol stand, and what should stand there. */
import { join } from 'node:path';
import { buildAsyncApi, buildSchema, toText } from './documents.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'protocols', 'eap');

export function schemaFiles(): readonly { readonly path: string; readonly text: string }[] {
  return [
    { path: join(FOLDER, 'eap.schema.json'), text: toText(buildSchema()) },
    { path: join(FOLDER, 'asyncapi.json'), text: toText(buildAsyncApi()) },
  ];
}
