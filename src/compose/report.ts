/** What a report is made with: beside the running app, and for the command. */
import type { EvidenceDeps } from '../application/evidence/evidence-ports.ts';
import type { Looking } from '../application/reports/powers.ts';
import type { ReportDeps } from '../application/reports/make-report.ts';
import type { ReviewSummary, ReviewedLine } from '../application/reports/report-types.ts';
import type { Campaign, CampaignLine, CampaignView } from '../domain/reviews/campaign.ts';
import type { Directory } from '../application/identity/directory.ts';
import { createEmailBindings } from '../application/identity/email-bindings.ts';
import { createHandleBindings } from '../application/identity/user-group-bindings.ts';
import { createUnreadableGroups } from '../application/identity/unreadable-groups.ts';
import { readControls } from '../bundles/controls.ts';
import type { Policy } from '../domain/policy/types.ts';
import type { Period } from '../domain/reports/period.ts';
import { newId } from '../lib/ids.ts';
import { createDirectory } from '../directory/people.ts';
import { reportSource } from '../store/audit/report.ts';
import { verifyAudit } from '../store/audit/verify.ts';
import type { createPool } from '../store/client.ts';
import { createSlackMemory } from '../store/slack-facts.ts';
import type { EvidenceCommand } from './evidence-command.ts';

export { reportFolder } from '../bundles/report/folder.ts';

type Pool = ReturnType<typeof createPool>;

/** A longer log is not walked for a report, which says so. */
const WALKED_MAX = 250_000;
const PROBLEMS_MAX = 20;

const verifyShort = async (pool: Pool, { tree }: EvidenceDeps) => {
  if ((await tree.size()) > WALKED_MAX) return null;
  const { ok, events, problems } = await verifyAudit(pool, {});
  return { ok, events, problems: problems.slice(0, PROBLEMS_MAX).map(({ message }) => message) };
};

const REVIEWS_MAX = 1_000;

const stateOf = ({ state, overdueAt }: Campaign): string => {
  if (state === 'open') return overdueAt ? 'overdue' : 'open';
  return overdueAt ? 'closed late' : 'closed';
};

const lineOf = ({
  position,
  subject,
  reviewers,
  decision,
  decidedBy,
  decidedAt,
  note,
}: CampaignLine): ReviewedLine => ({
  ...{ position, subject, reviewers, decision, note },
  by: decidedBy?.name ?? null,
  at: decidedAt?.toISOString() ?? null,
});

const summaryOf = ({ campaign, counts }: CampaignView, lines: readonly CampaignLine[]): ReviewSummary => ({
  id: campaign.id,
  name: campaign.name,
  what: campaign.what,
  startedAt: campaign.startedAt.toISOString(),
  dueAt: campaign.dueAt.toISOString(),
  closedAt: campaign.closedAt?.toISOString() ?? null,
  state: stateOf(campaign),
  population: counts.lines,
  kept: counts.kept,
  bySilence: counts.bySilence,
  toChange: counts.toChange,
  undecided: counts.undecided,
  lines: lines.map(lineOf),
});

/** One of an earlier period that went on into this one, too. */
const wasOpen = ({ startedAt, closedAt }: Campaign, { from, to }: Pick<Period, 'from' | 'to'>): boolean =>
  startedAt < to && (closedAt === null || closedAt >= from);

type Parts = { pool: Pool; evidence: EvidenceDeps; policy: Policy; directory: Looking | null };

export const reportDeps = ({ pool, evidence, policy, directory }: Parts): ReportDeps => ({
  ...evidence,
  source: reportSource(pool),
  policy,
  directory,
  reviews: async (period) => {
    const views = await evidence.store.read.campaigns(REVIEWS_MAX);
    const summaries: ReviewSummary[] = [];
    for (const view of views.filter(({ campaign }) => wasOpen(campaign, period)))
      summaries.push(summaryOf(view, await evidence.store.read.lines(view.campaign.id)));
    return summaries;
  },
  verify: () => verifyShort(pool, evidence),
  controls: readControls,
});

/** null where no token is at hand, or Slack does not take it: then people are not looked up. On-call schedules are not asked. */
export const commandDirectory = async (
  { pool, store, connection, deps }: EvidenceCommand,
  policy: Policy,
): Promise<Directory | null> => {
  if (!connection) return null;
  try {
    const { teamId } = await connection.identify();
    const ids = { next: newId };
    const { createWorkspace } = await import('../slack/directory/workspace.ts');
    return createDirectory({
      workspace: createWorkspace(connection.client, connection.limits, connection.organisation?.enterpriseId ?? null),
      teamId: () => teamId,
      policy: () => policy,
      book: createEmailBindings({ store, ids }),
      handles: createHandleBindings({ store, ids }),
      unreadable: createUnreadableGroups({ store, ids, policy: () => policy }),
      onCall: { pagerduty: null, opsgenie: null },
      facts: createSlackMemory(pool).facts,
      log: deps.log,
    });
  } catch (error) {
    deps.log.warn({ error: String(error) }, 'people are not looked up for the report');
    return null;
  }
};
