/**
 * The checks that the plan of the protocol counts and that no agent can be asked for: those of the orchestrator's side,
 * with where they are kept, and those of what this version does not have.
 */
export interface Elsewhere {
  readonly id: string;
  readonly title: string;
  readonly why: string;
}

const MISBEHAVING = 'the orchestrator’s side: ops/e2e/agents.e2e.ts';
const HTTP = 'not in this version: contexts are read and written over HTTP (gateway/routes/contexts.test.ts)';
const LATER = 'not in this version';

export const ELSEWHERE: readonly Elsewhere[] = [
  {
    id: 'C4',
    title: 'a card with a capability that was not granted',
    why: `${LATER}: there are no grants yet; a card of another name is refused (protocols/eap/intake.test.ts)`,
  },
  { id: 'C5', title: 'an assignment that nobody answers is asked again', why: MISBEHAVING },
  {
    id: 'C12',
    title: 'what does not end within its grace is ended',
    why: 'the orchestrator’s side: actors/task/task.test.ts',
  },
  {
    id: 'C18',
    title: 'a second decision of one request',
    why: 'the orchestrator’s side: the first one wins (actors/task)',
  },
  {
    id: 'C19',
    title: 'a request of a sub-agent',
    why: 'the orchestrator’s side: it is shown with its originTaskId (actors/task)',
  },
  {
    id: 'C21',
    title: 'a message over the limit',
    why: 'the orchestrator’s side: the server’s max_payload and protocols/eap/message.test.ts',
  },
  { id: 'C22', title: 'a conflict of contexts', why: HTTP },
  { id: 'C24', title: 'a body that claims another speaker', why: MISBEHAVING },
  { id: 'C26', title: 'a budget that is used up', why: `${LATER}: usage is counted, budgets are not given` },
  { id: 'C29', title: 'traceparent goes on', why: `${LATER}: messages of EAP bear none` },
  {
    id: 'C32',
    title: 'pause and resume',
    why: `${LATER}: a paused session lets what runs end (decision 0007)`,
  },
  {
    id: 'C33',
    title: 'an agent of EAP 1.0',
    why: `${LATER}: nobody speaks it; EAP 2.0 over HTTP is in its place`,
  },
  { id: 'C34', title: 'discovery by $SRV.INFO', why: `${LATER}: an agent’s permissions do not allow it` },
];
