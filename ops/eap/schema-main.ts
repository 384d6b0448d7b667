/** `npm run eap:schema`: writes the documents of the protocol anew, from the schemas that this tree has. */
import { writeFile } from 'node:fs/promises';
import { schemaFiles } from './schema-files.ts';

for (const { path, text } of schemaFiles()) {
  await writeFile(path, text);
  console.log(`written: ${path}`);
}
