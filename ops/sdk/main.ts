/** `npm run sdk:pack`: the SDK for agents in TypeScript as an archive that `npm install` takes. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { packSdk } from './package-files.ts';

const HELP = `npm run sdk:pack -- [flags]

  --out FOLDER   where the archive is written (.)

In a project of your own: npm install ./oio-agent-<version>.tgz
`;

const values = readFlags();
if (values) process.stdout.write(`${await packSdk(resolve(values.out))}\n`);

function readFlags(): { out: string } | null {
  try {
    const options = {
      out: { type: 'string', default: '.' },
      help: { type: 'boolean', default: false },
    } as const;
    const { values: given } = parseArgs({ options });
    if (!given.help) return { out: given.out };
    process.stdout.write(HELP);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exitCode = 2;
  }
  return null;
}
