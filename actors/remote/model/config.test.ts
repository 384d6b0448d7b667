import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from './config.ts';

const LEAST = { OIO_MODEL_URL: 'http://127.0.0.1:11434/v1/', OIO_MODEL: 'qwen3' };

test('an endpoint and the name of a model are enough', () => {
  const { model, card, servers } = parseConfig(LEAST);

  expect(model).toMatchObject({ url: 'http://127.0.0.1:11434/v1', model: 'qwen3', key: null });
  expect(card).toMatchObject({
    name: 'AGENT-MODEL-1',
    agent_type: 'architect',
    capabilities: { primary: ['task_decomposition'], secondary: ['code_review'] },
  });
  expect(servers).toBe('nats://127.0.0.1:4222');
});

test('the key comes from a file before the environment, and is cut from its line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'oio-key-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'key');
  writeFileSync(file, 'of the file\n');

  const { model } = parseConfig({ ...LEAST, OIO_MODEL_KEY: 'of the environment', OIO_MODEL_KEY_FILE: file });

  expect(model.key).toBe('of the file');
});

test('all faults are told at once', () => {
  const wrong = { OIO_MODEL_URL: 'somewhere', OIO_CAPACITY: '0', OIO_MODEL_KEY_FILE: '/nonexistent/key' };

  expect(() => parseConfig(wrong)).toThrow(
    /OIO_CAPACITY.*\n.*OIO_MODEL_URL.*\n.*OIO_MODEL: .*\n.*OIO_MODEL_KEY_FILE/s,
  );
});
