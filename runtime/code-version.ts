/** Which code this is: the package's version, and the build where one is told. Written with every batch. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const Package = z.object({ version: z.string() });

export function codeVersion(build: string): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = Package.parse(JSON.parse(text));
  return build === '' ? version : `${version}+${build}`;
}
