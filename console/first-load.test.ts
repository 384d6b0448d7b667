import { expect, test } from 'vitest';
import { type Chunk, FIRST_LOAD_MAX_BYTES, findTooMuch, firstLoadOf } from './first-load.ts';

const chunk = (file: string, gzipBytes: number, more: Partial<Chunk> = {}): Chunk => ({
  ...{ file, gzipBytes, source: null, imports: [], isEntry: false },
  ...more,
});
const app = (wallBytes: number): Chunk[] => [
  chunk('index.js', 20_000, { isEntry: true, imports: ['shared.js'] }),
  chunk('wall.js', wallBytes, { source: 'pages/wall.tsx', imports: ['shared.js', 'index.js', 'panel.js'] }),
  chunk('shared.js', 10_000),
  chunk('panel.js', 1_000),
  chunk('session.js', 30_000, { source: 'pages/session.tsx' }),
];

test('the first load is the entry, the page and what they import, each once', () => {
  expect(firstLoadOf(app(5_000), 'pages/wall.tsx').map(({ file }) => file)).toEqual([
    'index.js',
    'shared.js',
    'wall.js',
    'panel.js',
  ]);
});

test('a page that brings more than it may is named with its parts', () => {
  expect(findTooMuch(app(5_000), 'pages/wall.tsx')).toEqual([]);
  expect(findTooMuch(app(FIRST_LOAD_MAX_BYTES), 'pages/wall.tsx')).toEqual([
    expect.stringContaining('wall.js 92160'),
  ]);
});

test('a chunk that is loaded later has its bound too, and a page that is not there is told', () => {
  expect(findTooMuch([...app(1), chunk('elk.js', 99_999)], 'pages/wall.tsx')).toEqual([
    'elk.js has 99999 bytes, at most 40960',
  ]);
  expect(findTooMuch(app(1), 'pages/none.tsx')).toEqual(['there is no page pages/none.tsx']);
});
