/** The ACP agent with the example of an ACP agent behind it, as the kit starts them. It needs no model. */
import { join } from 'node:path';
import type { Subject } from './stage.ts';

const NODE = JSON.stringify(process.execPath);
const FOLDER = join(import.meta.dirname, '..', '..', 'actors', 'remote', 'acp');

/** What the kit's tasks want, in the words of the example agent. */
const SCRIPTS = {
  'conformance: wait': 'wait:',
  'conformance: slow': [
    'sleep: 1000',
    'plan: one, two, three',
    'sleep: 1000',
    'use: 1 0.1',
    'sleep: 1000',
  ].join('\n'),
  'conformance: artifact': 'big: big.txt\nsay: made',
  'conformance: ask': 'ask: left, right',
  'conformance: finish': 'say: Done.',
};

export const ACP: readonly Subject[] = (['nats', 'http'] as const).map((transport) => ({
  name: 'acp',
  command: `${NODE} ${JSON.stringify(join(FOLDER, 'main.ts'))}`,
  transport,
  environment: {
    OIO_ACP_COMMAND: `${NODE} ${JSON.stringify(join(FOLDER, 'testing', 'example-agent.ts'))} --scripts '${JSON.stringify(SCRIPTS)}'`,
  },
}));
