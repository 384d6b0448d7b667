/** `npm run eap:conformance`: the conformance kit of EAP. What it takes and its exit codes stand in options.ts. */
import { ALL_CHECKS, type Report, type Result, runKit } from './kit.ts';
import { type KitOptions, parseOptions, USAGE } from './options.ts';
import { ELSEWHERE } from './plan.ts';
import type { Subject } from './stage.ts';
import { startOurs } from './subjects.ts';

const EXIT = { passed: 0, failed: 1, wrongOptions: 2 } as const;
const MARK = { passed: '✓', failed: '✗', skipped: '–' } as const;

async function main(): Promise<number> {
  let options: KitOptions | null;
  try {
    options = parseOptions(process.argv.slice(2));
    refuseUnknown(options);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return EXIT.wrongOptions;
  }
  if (options === null) {
    console.log(USAGE);
    return EXIT.passed;
  }
  const { subject } = options;
  const ours = subject ? { subjects: [subject], stop: async () => undefined } : await startOurs(options.ours);
  try {
    return await testAll(options, ours.subjects);
  } finally {
    await ours.stop();
  }
}

function refuseUnknown(options: KitOptions | null): void {
  const known = new Set(ALL_CHECKS.map(({ id }) => id));
  const unknown = [...(options?.only ?? [])].filter((id) => !known.has(id));
  if (unknown.length > 0)
    throw new Error(`no such check: ${unknown.join(', ')}; there are ${[...known].join(', ')}`);
}

async function testAll(options: KitOptions, subjects: readonly Subject[]): Promise<number> {
  const { ours, only, json, transport: line } = options;
  const wanted = subjects.filter(
    ({ name, transport }) => (ours === null || name === ours) && (line === null || transport === line),
  );
  if (wanted.length === 0) throw new Error(`no agent of ours is called ${ours}`);
  const reports: Report[] = [];
  for (const subject of wanted) {
    if (!json) console.log(`\n${subject.name} over ${subject.transport}`);
    const onResult = (result: Result) => {
      if (!json) console.log(toLine(result));
    };
    reports.push(await runKit(subject, { ...(only ? { only } : {}), onResult }));
  }
  if (json) console.log(JSON.stringify({ reports, elsewhere: ELSEWHERE }, null, 2));
  else summarise(reports);
  return reports.every(({ passed }) => passed) ? EXIT.passed : EXIT.failed;
}

function toLine({ id, title, status, detail, ms }: Result): string {
  const why = detail === null ? '' : `\n               ${detail}`;
  return `  ${MARK[status]} ${id.padEnd(9)} ${title} (${(ms / 1_000).toFixed(1)} s)${why}`;
}

function summarise(reports: readonly Report[]): void {
  for (const { agent, output } of reports) {
    if (output !== null) console.log(`\nthe last that ${agent} wrote:\n${output.slice(-4_000)}`);
  }
  console.log('\nof the plan of checks, not asked of an agent:');
  for (const { id, title, why } of ELSEWHERE) console.log(`  ${id.padEnd(11)} ${title}: ${why}`);
  for (const { agent, transport, results } of reports) {
    const count = (status: Result['status']) => results.filter((one) => one.status === status).length;
    console.log(
      `\n${agent} over ${transport}: ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`,
    );
  }
}

process.exitCode = await main();
