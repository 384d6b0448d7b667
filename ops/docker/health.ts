/** The images' HEALTHCHECK: exits with 0 if the address that it is given answers 2xx, else with 1 and the answer. */
const [address = ''] = process.argv.slice(2);
const WITHIN_MS = 3_000;

try {
  const response = await fetch(address, { signal: AbortSignal.timeout(WITHIN_MS) });
  console.log(`${response.status} ${await response.text()}`);
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  console.log(cause instanceof Error ? cause.message : String(cause));
  process.exitCode = 1;
}
