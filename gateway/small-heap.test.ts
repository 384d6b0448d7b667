import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Keeps 15 MB and makes garbage that lives for a while; says how large the heap became, in MB. */
const CHURN = `
const kept = Array.from({ length: 150_000 }, (_, n) => ({ n, name: 'x' + n, list: [n] }));
const ring = [];
let highest = 0;
for (let n = 0; n < 150_000; n++) {
  ring[n % 20_000] = JSON.parse('{"n":' + n + ',"text":"' + 'y'.repeat(500) + '"}');
  if (n % 1_000 === 0) highest = Math.max(highest, process.memoryUsage().heapTotal);
}
console.log(highest / 1e6 + kept.length * 0);
`;

function highestMb(before: string): number {
  const parameters = ['--max-semi-space-size=4', '--input-type=module', '--eval', before + CHURN];
  return Number(execFileSync(process.execPath, parameters, { encoding: 'utf8' }));
}

test('a process that imports it keeps its heap smaller than Node would by itself', () => {
  const module = new URL('./small-heap.ts', import.meta.url).href;

  const told = highestMb(`import '${module}';`);

  expect(told).toBeLessThan(0.8 * highestMb(''));
});
