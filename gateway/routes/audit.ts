/** The audit: what was done by force, by whom and why. Read only. */
import { AuditEntry } from '#protocols/audit.ts';
import { AuditEntryView, AuditListQuery, AuditPage, AuditParams } from '#protocols/http/audit.ts';
import { API_PREFIX, type App, addressOf, type GatewayContext, readState } from '../context.ts';
import { json, LIST_PROBLEMS, READ_PROBLEMS, Refused } from '../failures.ts';
import { readPlace, toListedPage } from '../list-page.ts';

const ROOT = `${API_PREFIX}/audit`;
const tags = ['audit'];

export function auditRoutes(app: App, context: GatewayContext): void {
  app.get(
    ROOT,
    {
      schema: {
        operationId: 'listAudit',
        tags,
        summary: 'List what was done by force',
        querystring: AuditListQuery,
        response: { 200: json('A page of entries.', AuditPage), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const { act, target, by, search } = request.query;
      const labels = [...(target ? [`target:${target}`] : []), ...(by ? [`by:${by}`] : [])];
      const found = await context.client.list({
        tenant: context.tenant,
        type: 'audit',
        ...(act && act.length > 0 && { status: act }),
        ...(search && { search }),
        ...(labels.length > 0 && { labels }),
        ...readPlace(ROOT, request.query),
      });
      const items = found.items.map((stored) => readState(AuditEntry, stored));
      return toListedPage(ROOT, request.query, { found, items });
    },
  );
  app.get(
    `${ROOT}/:id`,
    {
      schema: {
        operationId: 'getAuditEntry',
        tags,
        summary: 'Show one entry of the audit',
        params: AuditParams,
        response: { 200: json('The entry.', AuditEntryView), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { id } = request.params;
      const stored = await context.client.get(addressOf(context, 'audit', id));
      if (stored) return readState(AuditEntry, stored);
      throw new Refused({ code: 'NOT_FOUND', detail: `there is no entry ${id} in the audit` });
    },
  );
}
