/** `npm run client`: writes the generated part of the typed client anew, from the routes that this tree has. */
import { writeFile } from 'node:fs/promises';
import { OPERATIONS_FILE, operationsOfThisTree } from './operations-file.ts';

await writeFile(OPERATIONS_FILE, await operationsOfThisTree());
console.log(`written: ${OPERATIONS_FILE}`);
