/** Sessions, tasks and agents as they would be stored, for tests: whole, and with what a test cares about changed. */
import type { z } from 'zod';
import { Agent } from '../agent.ts';
import { Session, TaskSummary } from '../session.ts';
import { NO_USAGE, Task } from '../task.ts';

const AT = '2026-01-01T00:00:00.000Z';

export function sampleSession(changes: Partial<z.input<typeof Session>> = {}): Session {
  return Session.parse({
    id: 'session-1',
    tenant_id: 'dev',
    title: 'Make the tests pass',
    initial_prompt: 'The test suite fails. Fix the code.',
    session_type: 'execution',
    priority: 'medium',
    agent_config: {},
    max_duration_seconds: 3_600,
    max_depth: 3,
    tags: [],
    metadata: {},
    created_at: AT,
    updated_at: AT,
    created_by: 'user:dev',
    state: 'pending',
    status_detail: null,
    state_reason: null,
    run: 0,
    retry_count: 0,
    queued_at: null,
    started_at: null,
    ended_at: null,
    deleted_at: null,
    used_template: null,
    tasks: [],
    result: null,
    error: null,
    ...changes,
  });
}

export function sampleTaskSummary(changes: Partial<z.input<typeof TaskSummary>> = {}): TaskSummary {
  return TaskSummary.parse({
    id: 'task-1',
    title: 'Implement the parser',
    state: 'pending',
    attempt: 0,
    agent_id: null,
    expected_hours: 1,
    branch: null,
    error: null,
    usage: NO_USAGE,
    ...changes,
  });
}

export function sampleTask(changes: Partial<z.input<typeof Task>> = {}): Task {
  return Task.parse({
    id: 'task-1',
    tenant_id: 'dev',
    title: 'Implement the parser',
    description: 'As the tests want it.',
    task_type: 'implementation',
    priority: 'normal',
    required_capabilities: ['code_generation'],
    technologies: [],
    estimate: { optimistic: 1, likely: 2, pessimistic: 3, confidence: 0.5, source: 'heuristic' },
    complexity: 'moderate',
    dependencies: [],
    max_attempts: 3,
    timeout_seconds: 3_600,
    created_at: AT,
    updated_at: AT,
    brief: { session_id: 'session-1', run: 1, session_title: 'Make the tests pass', prompt: 'Fix the code.' },
    state: 'pending',
    state_reason: null,
    merge: [],
    attempts: [],
    artifacts: [],
    result: null,
    error: null,
    failed_agents: [],
    ...changes,
  });
}

export function sampleAgent(changes: Partial<z.input<typeof Agent>> = {}): Agent {
  return Agent.parse({
    id: 'agent-one',
    name: 'AGENT-ONE',
    tenant_id: 'dev',
    agent_type: 'implementer',
    capabilities: { primary: ['code_generation'], secondary: ['debugging'] },
    max_concurrent_capacity: 4,
    technologies: { preferred: [], avoided: [] },
    protocol: 'eap/2.0',
    version: '1.0.0',
    labels: {},
    created_at: AT,
    updated_at: AT,
    status: 'online',
    instance: 'one-1',
    heartbeat_seconds: 30,
    last_registered_at: AT,
    inbox: [],
    assignments: [],
    tasks_total: 0,
    tasks_succeeded: 0,
    ...changes,
  });
}
