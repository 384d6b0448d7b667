/** The agent by the Python SDK, as the kit starts it. */
import { join } from 'node:path';
import { PYTHON_PACKAGE, type PythonTools } from '../dev/python-tools.ts';
import type { Subject } from './stage.ts';

export function pythonSubject({ python, environment }: PythonTools): Subject {
  const program = join(PYTHON_PACKAGE, 'tests', 'conformance_agent.py');
  const command = `${JSON.stringify(python)} ${JSON.stringify(program)}`;
  return { name: 'python', command, transport: 'nats', environment };
}
