import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parseRequest } from './config.ts';
import { EXIT } from './start-failure.ts';

test('nothing said means one node, the agent, port 8000 and the folder .oio', () => {
  expect(parseRequest([], {})).toEqual({
    type: 'start',
    settings: {
      port: 8000,
      nodes: 1,
      hasAgent: true,
      isJson: false,
      dataDir: resolve('.oio'),
      host: '127.0.0.1',
      natsUrl: undefined,
      databaseUrl: undefined,
      logLevel: 'info',
    },
  });
});

test('a flag wins over the environment, and an empty variable is none', () => {
  const request = parseRequest(['--port', '9000', '--nodes=3', '--no-agent', '--data', 'x'], {
    PORT: '9001',
    OIO_DATA_DIR: 'y',
    HOST: '',
    NATS_URL: '',
  });

  expect(request).toMatchObject({
    settings: { port: 9000, nodes: 3, hasAgent: false, dataDir: resolve('x'), host: '127.0.0.1' },
  });
});

test('every fault is told in one message, with the exit code for usage', () => {
  let failure: unknown;
  try {
    parseRequest(['--port', '70000', '--nodes', 'two'], { NATS_URL: 'localhost', LOG_LEVEL: 'loud' });
  } catch (thrown) {
    failure = thrown;
  }

  expect(failure).toMatchObject({ exitCode: EXIT.usage });
  expect(String(failure)).toContain('the port (--port, PORT) must be a whole number from 1 to 65535');
  expect(String(failure)).toContain('--nodes must be a whole number from 1 to 16');
  expect(String(failure)).toContain('NATS_URL must be an address');
  expect(String(failure)).toContain('LOG_LEVEL must be');
});

test('an unknown flag is refused, and help needs nothing else to be right', () => {
  expect(() => parseRequest(['--prot', '1'], {})).toThrow("'--prot'");
  expect(parseRequest(['--help'], { PORT: 'x' })).toEqual({ type: 'help' });
});
