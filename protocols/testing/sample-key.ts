/** A key of a tenant, for tests. */
import type { ApiKey } from '../tenant.ts';

export function sampleKey(part: Partial<ApiKey> = {}): ApiKey {
  return {
    id: 'samplekey001',
    name: 'laptop',
    role: 'developer',
    user: 'anna',
    agents: null,
    hash: '0'.repeat(64),
    created_at: '2026-01-01T00:00:00.000Z',
    created_by: 'user:operator',
    expires_at: null,
    revoked_at: null,
    revoked_by: null,
    replaced_by: null,
    ...part,
  };
}
