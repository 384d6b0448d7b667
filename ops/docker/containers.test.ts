/** The rules that the images and docker-compose.yml keep, on the parsed files. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as agent from '#actors/remote/opencode/config.ts';
import * as shell from '#actors/remote/shell/config.ts';
import * as gateway from '#gateway/config.ts';
import { readKey } from '#gateway/key-text.ts';
import * as node from '#runtime/config.ts';
import { isNewEnough, NATS_VERSION_MIN } from '../dev/nats-binary.ts';
import { POSTGRES_MAJOR } from '../dev/postgres.ts';
import { parseCompose, type Service } from './compose.ts';
import { environmentOf, flattenStage, type Instruction, parseDockerfile } from './dockerfile.ts';
import { readIgnored } from './image-tree.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const stages = parseDockerfile(read('ops/docker/Dockerfile'));
const targets = ['node', 'gateway', 'agent', 'nats'];
const compose = parseCompose(read('docker-compose.yml'), { POSTGRES_PASSWORD: 'secret' });
const services = Object.entries(compose.services);
const built = services.filter(([, { build }]) => build !== undefined);

const last = (instructions: readonly Instruction[], name: string): Instruction | undefined =>
  instructions.findLast((one) => one.name === name);

function imageOf(service: Service): Instruction[] {
  return flattenStage(stages, service.build?.target ?? '').all;
}

/** The image's variables and those of the service, as its process sees them. */
function environmentIn(service: Service): Record<string, string> {
  return { ...environmentOf(imageOf(service)), ...service.environment };
}

test('each image below ours is pinned by a version of three numbers, and none is "latest"', () => {
  const below = stages.map(({ from }) => from).filter((from) => !stages.some(({ name }) => name === from));
  const images = [...below, ...services.map(([, { image }]) => image)];

  const loose = images.filter((image) => !/^[\w./-]+:\d+\.\d+(\.\d+)?(-[\w.-]+)?$/.test(image));

  expect(loose).toEqual([]);
  expect(images.length).toBeGreaterThan(10);
});

test('images have the versions that the project itself runs with', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  const tagOf = (image: string): string =>
    [...stages.map(({ from }) => from), ...services.map(([, service]) => service.image)]
      .find((from) => from.startsWith(`${image}:`))
      ?.split(':')[1] ?? '';

  expect(tagOf('node').split('-')[0]).toBe(dependencies.node);
  expect(isNewEnough(tagOf('nats').split('-')[0] ?? '', NATS_VERSION_MIN)).toBe(true);
  expect(tagOf('postgres').split('.')[0]).toBe(POSTGRES_MAJOR);
});

test('each target is the end of several stages, and names user, health check, stop signal and command', () => {
  for (const target of targets) {
    const { all } = flattenStage(stages, target);
    expect(last(all, 'USER')?.words, target).toEqual(['65532:65532']);
    expect(last(all, 'STOPSIGNAL')?.words, target).toEqual(['SIGTERM']);
    expect(last(all, 'HEALTHCHECK')?.isJson, target).toBe(true);
    expect(last(all, 'CMD')?.isJson, target).toBe(true);
  }
  expect(targets).toEqual(expect.arrayContaining([...new Set(built.map(([, { build }]) => build?.target))]));
});

test('what builds is not in what runs: no compiler, console source or development package is copied', () => {
  for (const target of targets) {
    const copied = flattenStage(stages, target).all.filter(({ name }) => name === 'COPY');
    const sources = copied.flatMap(({ words }) => words.slice(0, -1));
    expect(
      sources.filter((path) => /^(\.|console|ops|ops\/dev)$/.test(path)),
      target,
    ).toEqual([]);
    for (const { flags } of copied.filter((one) => one.words.some((word) => word.endsWith('node_modules')))) {
      const installs = flattenStage(stages, flags.from ?? '').all.filter(({ name }) => name === 'RUN');
      expect(installs[0]?.words[0], target).toMatch(/^npm ci --omit=dev .*--ignore-scripts/);
    }
  }
});

test('every path that is copied from here exists and is let into the build', () => {
  const ignored = readIgnored(read('.dockerignore'));
  const copies = stages.flatMap(({ instructions }) =>
    instructions.filter(({ name, flags }) => name === 'COPY' && flags.from === undefined),
  );

  const paths = copies.flatMap(({ words }) => words.slice(0, -1));

  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  expect(paths.filter((path) => ignored(path))).toEqual([]);
});

test('tests, notes, secrets and what was built or installed here stay out of the build', () => {
  const ignored = readIgnored(read('.dockerignore'));

  const stayOut = ['.git/config', '.env', 'ops/.env.local', 'node_modules/zod/index.js', 'README.md'];
  stayOut.push(
    'runtime/turn.test.ts',
    'runtime/testing/main.ts',
    'console/dist/index.html',
    '.oio/stack.env',
  );

  expect(stayOut.filter((path) => !ignored(path))).toEqual([]);
  expect(['runtime/turn.ts', 'protocols/http/session.ts', 'LICENSE'].filter(ignored)).toEqual([]);
});

test('no service is root, can gain rights, or write outside its volumes, and each has limits', () => {
  for (const [name, service] of services) {
    expect(service.user, name).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(service.read_only, name).toBe(true);
    expect(service.cap_drop, name).toEqual(['ALL']);
    expect(service.security_opt, name).toEqual(['no-new-privileges:true']);
    expect(service.tmpfs.length, name).toBeGreaterThan(0);
    const volumes = service.volumes.map((volume) => volume.split(':')[0] ?? '');
    expect(
      volumes.filter((volume) => !(volume in compose.volumes)),
      name,
    ).toEqual([]);
    expect(
      service.networks.filter((network) => !(network in compose.networks)),
      name,
    ).toEqual([]);
  }
});

test('volumes are mounted where the image has made a folder for its user', () => {
  const mounted = built.flatMap(([name, service]) =>
    service.volumes.map((volume) => ({ name, path: volume.split(':')[1] ?? '', all: imageOf(service) })),
  );

  for (const { name, path, all } of mounted) {
    expect(last(all, 'VOLUME')?.words, name).toEqual([path]);
    const makes = all.filter((one) => one.name === 'RUN' && one.words[0]?.startsWith('install '));
    expect(
      makes.some(({ words }) => words[0]?.includes('65532') && words[0].endsWith(path)),
      name,
    ).toBe(true);
  }
  expect(mounted.length).toBe(5);
});

test('each service that stays has a health check, and starts after what it needs is well', () => {
  for (const [name, service] of services) {
    const isOnce = service.restart !== 'unless-stopped';
    const isChecked = service.healthcheck ? 'test' in service.healthcheck : service.build !== undefined;
    expect(isChecked, name).toBe(!isOnce);
    for (const [needed, { condition, required }] of Object.entries(service.depends_on)) {
      const other = compose.services[needed];
      const isRight =
        other?.restart === 'unless-stopped' ? 'service_healthy' : 'service_completed_successfully';
      expect(condition, `${name} needs ${needed}`).toBe(isRight);
      expect(required, `${name} needs ${needed}`).toBe(other?.profiles.length === 0);
    }
  }
  expect(Object.keys(compose.services['node-1']?.depends_on ?? {})).toContain('migrate');
  expect(Object.keys(compose.services.gateway?.depends_on ?? {})).toEqual(['node-1', 'node-2']);
});

test('every variable of a service is one that its program knows, and all that it must have is given', () => {
  const checks: Record<
    string,
    { isSetting(name: string): boolean; parse(env: Record<string, string>): unknown }
  > = {
    node: { isSetting: node.isSetting, parse: node.parseConfig },
    gateway: {
      isSetting: gateway.isSetting,
      parse: (env) => expect(gateway.parseConfig(env, '').ok).toBe(true),
    },
    agent: { isSetting: agent.isSetting, parse: agent.parseConfig },
    'agent-shell': { isSetting: shell.isSetting, parse: shell.parseConfig },
    migrate: {
      isSetting: (name) => name === 'DATABASE_URL',
      parse: (env) => expect(env.DATABASE_URL).toMatch(/^postgres:/),
    },
    nats: { isSetting: (name) => read('ops/docker/nats/one.conf').includes(`$${name}\n`), parse: () => null },
  };
  for (const [name, service] of built) {
    const check = checks[name.replace(/-\d$/, '')];
    expect(check, name).toBeDefined();
    expect(
      Object.keys(service.environment).filter((one) => !check?.isSetting(one)),
      name,
    ).toEqual([]);
    check?.parse(environmentIn(service));
  }
});

test('a key that nobody knows would be noticed', () => {
  expect(node.isSetting('OIO_NODE_IDS')).toBe(false);
  expect(gateway.isSetting('OIO_PORT')).toBe(false);
  expect(agent.isSetting('OIO_CAPACITIES')).toBe(false);
  expect(agent.isSetting('ANTHROPIC_API_KEY')).toBe(true);
});

test('commands and health checks name files and ports that are there', () => {
  for (const [name, service] of built.filter(([, { build }]) => build?.target !== 'nats')) {
    const all = imageOf(service);
    const files = [service.command?.[1] ?? '', last(all, 'HEALTHCHECK')?.words[1] ?? ''];
    const copied = all.filter((one) => one.name === 'COPY').flatMap(({ words }) => words.slice(0, -1));
    for (const file of files) {
      expect(existsSync(join(ROOT, file)), `${name}: ${file}`).toBe(true);
      expect(
        copied.some((path) => file === path || file.startsWith(`${path}/`)),
        `${name}: ${file}`,
      ).toBe(true);
    }
    const env = environmentIn(service);
    const port = env.PORT ?? env.OIO_AGENT_PORT ?? env.OIO_NODE_PORT;
    expect(last(all, 'HEALTHCHECK')?.words[2], name).toBe(`http://127.0.0.1:${port}/ready`);
  }
});

test('only the gateway can be reached from outside, and by this machine alone', () => {
  const published = services.filter(([, { ports }]) => ports.length > 0);

  expect(published.map(([name, { ports }]) => [name, ports])).toEqual([['gateway', ['127.0.0.1:8000:8000']]]);
  expect(compose.networks.inside?.internal).toBe(true);
  const outside = services.filter(([, { networks }]) => networks.includes('outside')).map(([name]) => name);
  expect(outside).toEqual(['gateway', 'agent', 'agent-shell']);
});

test('the gateway asks for keys unless it is told otherwise, and the command that makes the first one is in its image', () => {
  const gatewayOf = (given: Record<string, string>) => {
    const { services: all } = parseCompose(read('docker-compose.yml'), {
      POSTGRES_PASSWORD: 'secret',
      ...given,
    });
    return gateway.parseConfig(environmentIn(all.gateway ?? fail('there is a gateway')), '');
  };
  const line = `dev:abcdefghijkl:${'a'.repeat(64)}`;

  expect(gatewayOf({})).toMatchObject({ ok: true, config: { auth: 'keys', adminKeys: [] } });
  expect(gatewayOf({ OIO_ADMIN_KEY_HASH: line })).toMatchObject({
    config: { auth: 'keys', adminKeys: [{ tenant: 'dev', id: 'abcdefghijkl' }] },
  });
  expect(gatewayOf({ OIO_AUTH: 'off' })).toMatchObject({ config: { auth: 'off' } });
  const [, command = ''] = /gateway node (\S+) > first-key/.exec(read('ops/docs/containers.md')) ?? [];
  const made = execFileSync(process.execPath, [join(ROOT, command), 'dev'], { encoding: 'utf8' }).split('\n');
  const [name = '', value = ''] = made[1]?.split('=') ?? [];
  expect(gatewayOf({ [name]: value })).toMatchObject({
    config: { adminKeys: [{ id: readKey(made[0] ?? '')?.id }] },
  });
});

function fail(sentence: string): never {
  throw new Error(`it is not true that ${sentence}`);
}

test('a service is given longer to stop than its program takes', () => {
  const seconds = (name: string): number =>
    Number.parseInt(compose.services[name]?.stop_grace_period ?? '', 10);
  const env = (name: string) => compose.services[name]?.environment ?? {};

  expect(seconds('node-1')).toBeGreaterThan(node.parseConfig(env('node-1')).OIO_DRAIN_SECONDS + 5);
  expect(seconds('agent')).toBeGreaterThan(agent.parseConfig(env('agent')).drainMs / 1_000 + 20);
  expect(seconds('agent-shell')).toBeGreaterThan(shell.parseConfig(env('agent-shell')).drainMs / 1_000 + 20);
  expect(seconds('gateway')).toBeGreaterThan(10);
  const lameDuck = Number(/^lame_duck_duration: (\d+)s$/m.exec(read('ops/docker/nats/one.conf'))?.[1]);
  expect(seconds('nats-1')).toBeGreaterThan(lameDuck);
});

test('one file of settings turns one NATS server into three, with three copies of each stream', () => {
  const lines = read('ops/docker/three-nats.env')
    .split('\n')
    .filter((line) => /^\w+=/.test(line));
  const given = Object.fromEntries(
    lines.map((line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]),
  );

  const three = parseCompose(read('docker-compose.yml'), { POSTGRES_PASSWORD: 'secret', ...given });

  const isUp = ([, { profiles }]: [string, Service]) =>
    profiles.length === 0 || profiles.includes(given.COMPOSE_PROFILES ?? '');
  const up = Object.entries(three.services)
    .filter(isUp)
    .map(([name]) => name);
  expect(up.filter((name) => name.startsWith('nats'))).toEqual(['nats-1', 'nats-2', 'nats-3']);
  const { environment } = three.services['node-1'] ?? { environment: {} as Record<string, string> };
  expect(environment.NATS_URL?.split(',').map((url) => new URL(url).hostname)).toEqual([
    'nats-1',
    'nats-2',
    'nats-3',
  ]);
  expect(environment.OIO_REPLICAS).toBe('3');
  expect(three.services['nats-2']?.command?.at(-1)).toBe('/etc/nats/three.conf');
  expect(readdirSync(join(ROOT, 'ops/docker/nats'))).toEqual(['one.conf', 'three.conf']);
  for (const host of ['nats-1', 'nats-2', 'nats-3']) {
    expect(read('ops/docker/nats/three.conf')).toContain(`"nats://${host}:6222"`);
  }
});

test('without a password nothing starts, and what to do is said', () => {
  expect(() => parseCompose(read('docker-compose.yml'), {})).toThrow('POSTGRES_PASSWORD: set it in .env');
});

test('a misspelt key or instruction is refused by its place', () => {
  const misspelt = read('docker-compose.yml').replace('stop_signal: SIGINT', 'stop_singal: SIGINT');

  expect(() => parseCompose(misspelt, { POSTGRES_PASSWORD: 'secret' })).toThrow('services.postgres');
  expect(() => parseDockerfile('FROM node:26 AS a\nCOPPY . .')).toThrow('line 2: "COPPY"');
  expect(() => parseDockerfile('FROM node:26')).toThrow('line 1: a stage needs a name');
});
