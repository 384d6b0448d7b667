/**
 * Modules that the linter must refuse, and modules that it must let pass: one of each for every row of
 * biome.json. A gate can be green because it saw nothing; ops/tidy.test.ts plants these and looks.
 */

export type Plant = { readonly path: string; readonly source: string; readonly rule: string };

const IMPORTS = 'lint/style/noRestrictedImports';

const imports = (...specifiers: readonly string[]): string =>
  specifiers.map((specifier, index) => `import { n${index} } from '${specifier}';\n`).join('');

const uses = (count: number): string =>
  `export const all = [${Array.from({ length: count }, (_, index) => `n${index}`).join(', ')}];\n`;

const refused = (path: string, specifier: string): Plant => ({
  path,
  source: imports(specifier) + uses(1),
  rule: IMPORTS,
});

/** Each is alone in its file, so that one finding cannot hide another that is missing. */
export const REFUSED: readonly Plant[] = [
  refused('protocols/a1.ts', '#runtime/client.ts'),
  refused('protocols/a2.ts', '../actors/registry.ts'),
  refused('protocols/a3.ts', 'node:fs'),
  refused('protocols/http/a4.ts', 'fastify'),
  refused('protocols/a5.ts', 'croner'),
  refused('protocols/cron.ts', 'node:fs'),
  refused('actors/registry.ts', '#runtime/client.ts'),
  refused('actors/session/a1.ts', 'node:crypto'),
  refused('actors/session/a2.ts', 'pino'),
  refused('actors/session/a3.ts', '../../runtime/client.ts'),
  refused('actors/session/a4.ts', '../remote/sdk/join.ts'),
  refused('actors/remote/sdk/a1.ts', '#runtime/client.ts'),
  refused('actors/remote/sdk/a2.ts', '../../session/session.ts'),
  refused('actors/remote/sdk/a3.ts', '../../registry.ts'),
  refused('actors/remote/opencode/a4.ts', '#actors/session/session.ts'),
  refused('actors/remote/opencode/main.ts', '#runtime/client.ts'),
  refused('actors/remote/shell/main.ts', '#gateway/server.ts'),
  refused('runtime/a1.ts', '#actors/registry.ts'),
  refused('runtime/a2.ts', '@nats-io/jetstream'),
  refused('runtime/a3.ts', 'postgres'),
  refused('runtime/a4.ts', './nats/log.ts'),
  refused('runtime/a5.ts', 'nact'),
  refused('runtime/activations.ts', '@nats-io/jetstream'),
  refused('runtime/main.ts', '#actors/session/session.ts'),
  refused('runtime/assembly.ts', '@nats-io/jetstream'),
  refused('runtime/nats/a1.ts', 'postgres'),
  refused('runtime/nats/a2.ts', '../postgres/store.ts'),
  refused('runtime/postgres/a1.ts', '@nats-io/kv'),
  refused('runtime/postgres/a2.ts', '#actors/registry.ts'),
  refused('runtime/testing/a1.ts', 'pg'),
  refused('runtime/testing/a2.ts', '../nats/log.ts'),
  refused('runtime/contracts/a1.ts', '../postgres/store.ts'),
  refused('runtime/contracts/a2.ts', '@nats-io/kv'),
  refused('gateway/a1.ts', '#runtime/partition.ts'),
  refused('gateway/routes/a2.ts', '@nats-io/transport-node'),
  refused('gateway/routes/a3.ts', '../../runtime/store.ts'),
  refused('gateway/a4.ts', '../runtime/store.ts'),
  refused('gateway/a5.ts', '#actors/registry.ts'),
  refused('gateway/a7.ts', '@scalar/fastify-api-reference'),
  refused('gateway/reference-main.ts', './server.ts'),
  refused('gateway/main.ts', '#actors/registry.ts'),
  refused('console/a1.tsx', '#runtime/client.ts'),
  refused('console/pages/a2.tsx', '../../gateway/server.ts'),
  refused('console/data/a3.ts', 'node:fs'),
  refused('console/a4.ts', '../gateway/server.ts'),
  refused('console/data/a5.ts', '../../protocols/ids.ts'),
  refused('gateway/testing/a1.ts', '#runtime/nats/client.ts'),
  refused('gateway/testing/a2.ts', '../../runtime/store.ts'),
  refused('gateway/a6.test.ts', '#ops/demo/main.ts'),
  refused('runtime/nats/a3.live.test.ts', '../../ops/dev/stack.ts'),
  ...['protocols', 'actors/session', 'runtime', 'runtime/nats', 'gateway', 'console'].map((folder) =>
    refused(`${folder}/o.ts`, '#ops/dev/stack.ts'),
  ),
  ...[
    'Date.now()',
    'new Date()',
    'Date()',
    'Math.random()',
    'crypto.randomUUID()',
    'performance.now()',
    'async () => 1',
    'async (n: number, m: number) => n + m',
  ].map((call, index) => ({
    path: `actors/task/p${index}.ts`,
    source: `export const p = ${call};\n`,
    rule: 'plugin',
  })),
  { path: 'actors/task/d1.ts', source: 'export async function f() {}\n', rule: 'plugin' },
  ...['fetch', 'setTimeout', 'setInterval', 'process', 'console', 'globalThis'].map((name) => ({
    path: `actors/agent/${name.toLowerCase()}.ts`,
    source: `export const g = ${name};\n`,
    rule: 'lint/style/noRestrictedGlobals',
  })),
  ...['runtime/e.ts', 'gateway/e.ts', 'actors/remote/sdk/e.ts', 'runtime/postgres/e.ts'].map((path) => ({
    path,
    source: 'export const e = process.env.HOME;\n',
    rule: 'lint/style/noProcessEnv',
  })),
  { path: 'runtime/r1.ts', source: 'export enum E {\n  A,\n}\n', rule: 'lint/style/noEnum' },
  {
    path: 'runtime/r2.ts',
    source: 'export const a = (b: any) => b;\n',
    rule: 'lint/suspicious/noExplicitAny',
  },
  { path: 'runtime/r3.ts', source: 'export default 1;\n', rule: 'lint/style/noDefaultExport' },
  {
    path: 'runtime/r4.ts',
    source: 'export const a = (b: number[]) => b[0]!;\n',
    rule: 'lint/style/noNonNullAssertion',
  },
  {
    path: 'runtime/r5.ts',
    source: 'export const a = (b: 1, c: 2, d: 3, e: 4) => [b, c, d, e];\n',
    rule: 'lint/complexity/useMaxParams',
  },
  {
    path: 'runtime/r6.ts',
    source: `export function long() {\n${"  globalThis.name = '';\n".repeat(61)}}\n`,
    rule: 'lint/complexity/noExcessiveLinesPerFunction',
  },
  {
    path: 'runtime/r7.ts',
    source: 'async function f(): Promise<void> {}\nexport function g(): void {\n  f();\n}\n',
    rule: 'lint/nursery/noFloatingPromises',
  },
  { path: 'runtime/BadName.ts', source: 'export const a = 1;\n', rule: 'lint/style/useFilenamingConvention' },
  { path: 'runtime/r8.ts', source: "export * from './r2.ts';\n", rule: 'lint/performance/noReExportAll' },
];

const allowed = (path: string, ...specifiers: readonly string[]): Omit<Plant, 'rule'> => ({
  path,
  source: imports(...specifiers) + uses(specifiers.length),
});

export const ALLOWED: readonly Omit<Plant, 'rule'>[] = [
  allowed('protocols/ok.ts', 'zod', './ids.ts', './http/page.ts'),
  allowed('protocols/http/ok.ts', 'zod', '../ids.ts'),
  allowed('actors/ok.ts', './session/session.ts', '#protocols/ids.ts'),
  allowed('actors/session/ok.ts', 'zod', './states.ts', '../task/task.ts', '#protocols/http/page.ts'),
  allowed(
    'actors/remote/sdk/ok.ts',
    '@nats-io/transport-node',
    'node:fs',
    'zod',
    'pino',
    '#protocols/ids.ts',
  ),
  allowed('actors/remote/opencode/ok.ts', '@opencode-ai/sdk', '../sdk/join.ts', './worktree.ts'),
  allowed('runtime/ok.ts', './log.ts', 'node:crypto', 'zod', 'pino', '#protocols/ids.ts'),
  allowed('runtime/nats/ok.ts', '../log.ts', './connection.ts', '@nats-io/jetstream', '#protocols/ids.ts'),
  allowed('runtime/postgres/ok.ts', '../store.ts', 'postgres', 'pg', '#protocols/ids.ts'),
  allowed('runtime/testing/ok.ts', '../store.ts', './clock.ts', '#protocols/ids.ts'),
  allowed('runtime/contracts/ok.ts', '../store.ts', '../testing/store.ts', 'vitest'),
  allowed(
    'runtime/nats/ok.live.test.ts',
    'vitest',
    '#ops/dev/stack.ts',
    '#ops/migrate.ts',
    '../contracts/log.ts',
  ),
  allowed('gateway/ok.ts', './accept.ts', 'fastify', '@fastify/websocket', '#runtime/client.ts', 'zod'),
  allowed('gateway/read-ok.ts', '#runtime/dead-letters.ts'),
  allowed('gateway/routes/ok.ts', '../accept.ts', './tasks.ts', '#protocols/http/page.ts'),
  allowed('gateway/testing/ok.ts', '#runtime/testing/client.ts', '../server.ts', 'zod'),
  allowed('console/pages/ok.tsx', '../data/live.ts', 'solid-js', '@solidjs/router', '#protocols/ids.ts'),
  allowed('ops/bench/ok.ts', '#runtime/nats/log.ts', '#gateway/server.ts', '#actors/registry.ts', 'pg'),
  { path: 'ops/dev/env.ts', source: 'export const home = process.env.HOME;\n' },
  { path: 'ops/demo/main.ts', source: 'export const home = process.env.HOME;\n' },
];
