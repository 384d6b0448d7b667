/** The SDK as a package: what is in the archive, and a project that uses it as anybody would. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { link, makeProject } from './testing-project.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..');

const USES = `
import { joinAsAgent, type JoinOptions } from 'oio-agent';
import { ArtifactRefused } from 'oio-agent/artifacts';
import { serveHealth } from 'oio-agent/health';
import { Ledger } from 'oio-agent/ledger';
import { LockLost, LockRefused } from 'oio-agent/locks';
import { SILENT } from 'oio-agent/logger';
import { RequestRefused } from 'oio-agent/requests';
import type { WorkResult } from 'oio-agent/result';
import { AttemptEnded, type AgentTask } from 'oio-agent/task';

export async function work(task: AgentTask): Promise<WorkResult> {
  const length: number = task.payload.prompt.length;
  await using lock = await task.lock('a');
  return { success: length > lock.token, summary: 'done' };
}

export const card: JoinOptions['card'] = { name: 'AGENT-X', agent_type: 'analyst', version: '1' };
const all = { joinAsAgent, ArtifactRefused, serveHealth, Ledger, LockLost, LockRefused, SILENT, RequestRefused, AttemptEnded };
process.stdout.write(JSON.stringify(Object.entries(all).filter(([, one]) => one).map(([name]) => name)));
`;

/** A prompt is a text: where the types are missing nothing is wrong with this. */
const MISUSES = `import type { AgentTask } from 'oio-agent/task';
export const lengthOf = (task: AgentTask): number => task.payload.prompt;
`;

let folder: string;
let needs: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-sdk-project-'));
  needs = await makeProject(folder);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the package has its scripts, its types, its licence, two dependencies, and nothing of this machine', async () => {
  const place = join(folder, 'node_modules', 'oio-agent');
  const files = (await readdir(place, { recursive: true, withFileTypes: true }))
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name));

  expect(needs).toEqual(['@nats-io/transport-node', 'zod']);
  const names = files.map((path) => path.slice(place.length + 1));
  expect(names).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'dist/join.js', 'package.json']));
  expect(names.filter((name) => !/\.(js|d\.ts)$/.test(name))).toHaveLength(3);
  const texts = await Promise.all(files.map((path) => readFile(path, 'utf8')));
  expect(texts.filter((text) => text.includes(ROOT))).toEqual([]);
});

test('a project that has nothing else is typed by it, with its libraries checked too, and finds all that it names', async () => {
  await writeFile(join(folder, 'uses.ts'), USES);
  await writeFile(join(folder, 'misuses.ts'), MISUSES);
  await link(folder, '@types/node');
  const compilerOptions = {
    ...{ module: 'nodenext', target: 'es2024', lib: ['es2025', 'esnext.disposable'], types: ['node'] },
    ...{ strict: true, noEmit: true, skipLibCheck: false },
  };
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['uses.ts', 'misuses.ts'] }),
  );

  const typed = await run(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', folder]).catch((error) => error);
  const { stdout } = await run(process.execPath, ['uses.ts'], { cwd: folder });

  expect(typed.stdout.trim().split('\n')).toEqual([expect.stringMatching(/misuses\.ts\(2,.*TS2322/)]);
  expect(JSON.parse(stdout)).toHaveLength(9);
});
