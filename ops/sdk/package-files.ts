/**
 * The SDK for agents in TypeScript as a package of its own: JavaScript of what it imports of this repository, bundled, the
 * types beside it, and nothing else.
 *
 * P1. What the package needs of other packages stands in its `dependencies`, and is what its files import: no more, no less.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build, type Rolldown } from 'vite';
import { z } from 'zod';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..');
const SDK = join('actors', 'remote', 'sdk');
export const PACKAGE_NAME = 'oio-agent';
/** What may be imported of it: `oio-agent` itself is `join`, the others are behind a slash. */
const MODULES = ['join', 'task', 'result', 'artifacts', 'locks', 'requests', 'ledger', 'health', 'logger'];
const MAIN = 'join';
/** `Promise.withResolvers` and `AbortSignal.any` are there. */
const NODE_MIN = '>=22';

const Manifest = z.object({
  version: z.string(),
  license: z.string(),
  dependencies: z.record(z.string(), z.string()),
});

/** Writes the package's files into a folder that is there. Throws where something does not build. */
export async function writePackage(folder: string): Promise<void> {
  const imported = await writeScripts(join(folder, 'dist'));
  await writeTypes(join(folder, 'types'));
  const manifest = Manifest.parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')));
  const described = describePackage(manifest, imported);
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(described, null, 2)}\n`);
  await cp(join(ROOT, SDK, 'README.md'), join(folder, 'README.md'));
  await cp(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
}

/** Packs it as `npm publish` would. Resolves with the path of the archive in `folder`. */
export async function packSdk(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const source = await mkdtemp(join(tmpdir(), 'oio-sdk-'));
  try {
    await writePackage(source);
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: source });
    const [packed] = z
      .array(z.object({ filename: z.string() }))
      .min(1)
      .parse(Object.values(JSON.parse(stdout)));
    return join(folder, packed?.filename ?? '');
  } finally {
    await rm(source, { recursive: true, force: true });
  }
}

/** Resolves with the names of the packages that it imports. */
async function writeScripts(outDir: string): Promise<string[]> {
  const built = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'warn',
    build: {
      ssr: true,
      outDir,
      emptyOutDir: false,
      target: 'node22',
      minify: false,
      rolldownOptions: {
        input: Object.fromEntries(MODULES.map((name) => [name, join(ROOT, SDK, `${name}.ts`)])),
        output: { entryFileNames: '[name].js', chunkFileNames: 'shared/[name].js' },
      },
    },
  });
  const outputs = [built].flat().flatMap((one) => ('output' in one ? one.output : []));
  const chunks = outputs.filter((one): one is Rolldown.OutputChunk => one.type === 'chunk');
  const own = new Set(chunks.map(({ fileName }) => fileName));
  const imported = chunks
    .flatMap(({ imports }) => imports)
    .filter((name) => !own.has(name) && !isBuiltin(name));
  return [...new Set(imported.map(packageOf))].toSorted();
}

/** `@scope/name/deep` is of `@scope/name`. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

async function writeTypes(outDir: string): Promise<void> {
  const settings = await mkdtemp(join(tmpdir(), 'oio-types-'));
  const project = join(settings, 'tsconfig.json');
  const compilerOptions = {
    ...{ noEmit: false, declaration: true, emitDeclarationOnly: true, rootDir: ROOT, outDir },
    typeRoots: [join(ROOT, 'node_modules', '@types')],
  };
  const files = MODULES.map((name) => join(ROOT, SDK, `${name}.ts`));
  const config = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: [], files };
  await writeFile(project, JSON.stringify(config));
  try {
    await run(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', project]);
  } finally {
    await rm(settings, { recursive: true, force: true });
  }
}

function describePackage(manifest: z.infer<typeof Manifest>, imported: readonly string[]): object {
  const entry = (name: string) => ({
    types: `./types/${SDK.replaceAll('\\', '/')}/${name}.d.ts`,
    default: `./dist/${name}.js`,
  });
  return {
    name: PACKAGE_NAME,
    version: manifest.version,
    description:
      'Join the OpenCode Industrial Orchestrator as an agent: the External Agent Protocol 2.0, over NATS or HTTP.',
    license: manifest.license,
    type: 'module',
    engines: { node: NODE_MIN },
    exports: Object.fromEntries(MODULES.map((name) => [name === MAIN ? '.' : `./${name}`, entry(name)])),
    imports: {
      '#protocols/*.ts': { types: './types/protocols/*.d.ts' },
      '#actors/*.ts': { types: './types/actors/*.d.ts' },
    },
    files: ['dist', 'types'],
    dependencies: Object.fromEntries(imported.map((name) => [name, `^${versionOf(name, manifest)}`])),
  };
}

function versionOf(name: string, { dependencies }: z.infer<typeof Manifest>): string {
  const version = dependencies[name];
  if (version === undefined)
    throw new Error(`the SDK imports ${name}, which is no dependency of this repository`);
  return version;
}
