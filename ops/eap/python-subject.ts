/** The agent by the Python SDK, as the kit starts it: over NATS and over HTTP. */
import { join } from 'node:path';
import { PYTHON_PACKAGE, type PythonTools } from '../dev/python-tools.ts';
import type { Subject } from './stage.ts';

export function pythonSubjects({ python, environment }: PythonTools): readonly Subject[] {
  const program = join(PYTHON_PACKAGE, 'tests', 'conformance_agent.py');
  const command = `${JSON.stringify(python)} ${JSON.stringify(program)}`;
  return (['nats', 'http'] as const).map((transport) => ({
    name: 'python',
    command,
    transport,
    environment,
  }));
}
