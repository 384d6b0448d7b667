/** Which files are made from the schemas of the protocol, and what stands in them. */
import { join } from 'node:path';
import { buildAsyncApi, buildSchema, toText } from './documents.ts';
import { buildPythonMessages } from './python-messages.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PROTOCOL = join(ROOT, 'protocols', 'eap');
const PYTHON = join(ROOT, 'actors', 'remote', 'python', 'src', 'oio_agent');

export function schemaFiles(): readonly { readonly path: string; readonly text: string }[] {
  const schema = buildSchema();
  return [
    { path: join(PROTOCOL, 'eap.schema.json'), text: toText(schema) },
    { path: join(PROTOCOL, 'asyncapi.json'), text: toText(buildAsyncApi()) },
    // A package of its own, which is installed without the rest of this tree.
    { path: join(PYTHON, 'eap.schema.json'), text: `${JSON.stringify(schema)}\n` },
    { path: join(PYTHON, 'messages.py'), text: buildPythonMessages(schema) },
  ];
}
