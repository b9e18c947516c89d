/** Periodic reviews: campaigns with their lines, and what they look at of the past. */
import { and, asc, desc, eq, getTableColumns, isNull, lte, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { CampaignReads, CampaignWrites } from '../application/reviews/campaign-ports.ts';
import type { Campaign, CampaignLine, CampaignView } from '../domain/reviews/campaign.ts';
import { campaignLines, campaigns } from './schema/campaigns.ts';
import { people } from './schema/principals.ts';
import { ROW_LOCK, clock, clockOnce, clockPlus, firstOrNull } from './statement.ts';
import type { Db } from './statement.ts';

const { nextReminderAt: _next, ...campaignColumns } = getTableColumns(campaigns);
/** The first reminder comes after half of the time there is, the second at the deadline, and then one each week. */
const FIRST_SHARE = 2;
const AGAIN_MS = 7 * 86_400_000;

const count = (what: SQL): SQL<number> =>
  sql<number>`(select count(*)::int from campaign_lines l where l.campaign_id = "campaigns"."id" and ${what})`;

const viewColumns = {
  campaign: campaignColumns,
  lines: count(sql`true`),
  kept: count(sql`l.decision = 'keep'`),
  toChange: count(sql`l.decision = 'change'`),
  undecided: count(sql`l.decision is null`),
  bySilence: count(sql`l.decision is not null and l.decided_by is null`),
};

type ViewRow = { campaign: Campaign } & CampaignView['counts'];
const viewOf = ({ campaign, ...counts }: ViewRow): CampaignView => ({ campaign, counts });

type LineRow = { line: Omit<CampaignLine, 'decidedBy'> & { decidedBy: string | null }; name: string | null };
const lineOf = ({ line, name }: LineRow): CampaignLine => ({
  ...line,
  decidedBy: line.decidedBy === null ? null : { id: line.decidedBy, name: name ?? line.decidedBy },
});

const linesWhere = (db: Db, where: SQL | undefined) =>
  db
    .select({ line: getTableColumns(campaignLines), name: people.name })
    .from(campaignLines)
    .innerJoin(campaigns, eq(campaigns.id, campaignLines.campaignId))
    .leftJoin(people, eq(people.id, campaignLines.decidedBy))
    .where(where);

const since = (ms: number): SQL => sql`clock_timestamp() - ${ms}::double precision * interval '1 millisecond'`;
const usedMs = sql`extract(epoch from g.closed_at - g.activated_at) * 1000`;

/** Of the requests of a role that people decided by their votes. */
const decided = (ms: number): SQL => sql`
  select jsonb_build_object('approved', count(*) filter (where d.outcome = 'approved'), 'denied', count(*) filter (where d.outcome = 'denied'),
      'p95Ms', percentile_cont(0.95) within group (order by extract(epoch from d.decided_at - q.created_at) * 1000),
      'approver', (select jsonb_build_object('name', m.name, 'votes', count(*)) from votes v join requests w on w.id = v.request_id
        join people m on m.id = v.voter_id where v.kind = 'approve' and w.target = r.target and w.role = r.role and w.created_at > ${since(ms)}
        group by m.id, m.name order by count(*) desc, m.id limit 1)) as decided
  from requests q join decisions d on d.request_id = q.id
  where q.target = r.target and q.role = r.role and q.created_at > ${since(ms)} and q.extends_grant_id is null
    and exists (select from votes v where v.request_id = q.id) having count(*) > 0`;

const historyReads = (
  db: Db,
): Pick<CampaignReads, 'roleHistory' | 'voterHistory' | 'clientHistory' | 'breakGlassUses'> => ({
  roleHistory: async (ms) => {
    const { rows } = await db.execute<Awaited<ReturnType<CampaignReads['roleHistory']>>[number]>(sql`
      select r.target, r.role, count(*)::int as requests, count(g.activated_at)::int as grants, count(g.first_used_at)::int as used,
        count(*) filter (where g.extensions > 0)::int as extended,
        count(*) filter (where g.id is not null and not r.is_break_glass and jsonb_array_length(r.requirements) = 0)::int as "byRule",
        coalesce(jsonb_agg(distinct jsonb_build_object('id', p.id, 'name', p.name)) filter (where g.activated_at is not null and p.id is not null), '[]') as people,
        case when count(g.closed_at) = 0 then null else jsonb_build_object(
          'median', percentile_cont(0.5) within group (order by ${usedMs}), 'p95', percentile_cont(0.95) within group (order by ${usedMs})) end as "usedMs"
      , (${decided(ms)}) as decided
      from requests r left join grants g on g.request_id = r.id left join people p on p.id = r.requester_id
      where r.created_at > ${since(ms)} and r.extends_grant_id is null group by r.target, r.role`);
    return rows;
  },
  voterHistory: async (ms) => {
    const { rows } = await db.execute<Awaited<ReturnType<CampaignReads['voterHistory']>>[number]>(sql`
      select voter_id as id, count(*) filter (where kind = 'approve')::int as approved, count(*) filter (where kind = 'deny')::int as denied
      from votes where created_at > ${since(ms)} group by voter_id`);
    return rows;
  },
  clientHistory: async (ms) => {
    const { rows } = await db.execute<Awaited<ReturnType<CampaignReads['clientHistory']>>[number]>(sql`
      select r.requester_id as id, count(*)::int as requests, count(g.activated_at)::int as grants
      from requests r left join grants g on g.request_id = r.id
      where r.created_at > ${since(ms)} and r.job is not null group by r.requester_id`);
    return rows;
  },
  breakGlassUses: async (ms) => {
    type Row = Omit<Awaited<ReturnType<CampaignReads['breakGlassUses']>>[number], 'at'> & { at: string };
    const { rows } = await db.execute<Row>(sql`
      select g.id as "grantId", r.target, r.role, r.created_at as at, r.requester_id as "personId", p.name, r.reason, v.outcome
      from requests r join grants g on g.request_id = r.id join people p on p.id = r.requester_id left join reviews v on v.request_id = r.id
      where r.is_break_glass and r.created_at > ${since(ms)} order by r.created_at`);
    return rows.map((row) => ({ ...row, at: new Date(row.at) }));
  },
});

export const campaignReads = (db: Db): CampaignReads => ({
  ...historyReads(db),
  campaigns: async (limit) =>
    (
      await db.select(viewColumns).from(campaigns).orderBy(desc(campaigns.startedAt), asc(campaigns.name)).limit(limit)
    ).map(viewOf),
  campaign: async (id) => {
    const row = firstOrNull(await db.select(viewColumns).from(campaigns).where(eq(campaigns.id, id)));
    return row && viewOf(row);
  },
  lines: async (campaignId) =>
    (await linesWhere(db, eq(campaignLines.campaignId, campaignId)).orderBy(asc(campaignLines.position))).map(lineOf),
  line: async (id) => {
    const row = firstOrNull(await linesWhere(db, eq(campaignLines.id, id)));
    return row && lineOf(row);
  },
  undecidedLines: async (after, limit) => {
    const { campaignId, position } = campaignLines;
    const isLater = after ? sql`(${campaignId}, ${position}) > (${after.campaignId}, ${after.position})` : undefined;
    const found = linesWhere(db, and(isNull(campaignLines.decision), eq(campaigns.state, 'open'), isLater));
    return (await found.orderBy(asc(campaignId), asc(position)).limit(limit)).map(lineOf);
  },
});

const LINES_AT_ONCE = 1_000;

const insertLines = async (
  db: Db,
  campaignId: string,
  lines: Parameters<CampaignWrites['insert']>[1],
): Promise<void> => {
  for (let at = 0; at < lines.length; at += LINES_AT_ONCE)
    await db.insert(campaignLines).values(lines.slice(at, at + LINES_AT_ONCE).map((line) => ({ ...line, campaignId })));
};

const close = (db: Db, id: string) =>
  db
    .update(campaigns)
    .set({ state: 'closed', closedAt: clock })
    .where(and(eq(campaigns.id, id), eq(campaigns.state, 'open')));

const isOpenCampaign = sql`exists (select from campaigns c where c.id = ${campaignLines.campaignId} and c.state = 'open')`;

const startWrites = (db: Db): Pick<CampaignWrites, 'insert' | 'find'> => ({
  insert: async ({ withinMs, ...campaign }, lines) => {
    const reminder = clockPlus(sql`${withinMs / FIRST_SHARE}`);
    const dated = { startedAt: clock, dueAt: clockPlus(sql`${withinMs}`), nextReminderAt: reminder };
    const inserted = await db
      .insert(campaigns)
      .values({ ...campaign, withinMs, ...dated })
      .onConflictDoNothing({ target: [campaigns.name, campaigns.period] })
      .returning({ id: campaigns.id });
    if (inserted.length === 0) return false;
    await insertLines(db, campaign.id, lines);
    return true;
  },
  find: async (id) =>
    firstOrNull(await db.select(campaignColumns).from(campaigns).where(eq(campaigns.id, id)).for(ROW_LOCK)),
});

const lineWrites = (db: Db): Pick<CampaignWrites, 'decide' | 'closeWhenDone' | 'keepRest'> => ({
  decide: async (lineId, { decision, byPersonId, note }) => {
    const decided = await db
      .update(campaignLines)
      .set({ decision, decidedBy: byPersonId, decidedAt: clock, note })
      .where(and(eq(campaignLines.id, lineId), isNull(campaignLines.decision), isOpenCampaign))
      .returning({ id: campaignLines.id });
    return decided.length > 0;
  },
  closeWhenDone: async (campaignId) => {
    const undecided = await db.$count(
      campaignLines,
      and(eq(campaignLines.campaignId, campaignId), isNull(campaignLines.decision)),
    );
    if (undecided === 0) await close(db, campaignId);
    return { isClosed: undecided === 0, undecided };
  },
  keepRest: async (campaignId, note) => {
    const kept = await db
      .update(campaignLines)
      .set({ decision: 'keep', decidedAt: clock, note })
      .where(and(eq(campaignLines.campaignId, campaignId), isNull(campaignLines.decision)))
      .returning({ id: campaignLines.id });
    await close(db, campaignId);
    return kept.length;
  },
});

const chaseWrites = (db: Db): Pick<CampaignWrites, 'lockToChase' | 'chase'> => ({
  lockToChase: (limit) =>
    db
      .select(campaignColumns)
      .from(campaigns)
      .where(and(eq(campaigns.state, 'open'), lte(campaigns.nextReminderAt, clockOnce)))
      .orderBy(asc(campaigns.nextReminderAt))
      .limit(limit)
      .for(ROW_LOCK, { skipLocked: true }),
  chase: async (id, isOverdue) => {
    const next = sql`greatest(${campaigns.dueAt}, clock_timestamp() + ${AGAIN_MS}::double precision * interval '1 millisecond')`;
    await db
      .update(campaigns)
      .set({
        reminders: sql`${campaigns.reminders} + 1`,
        nextReminderAt: sql`case when clock_timestamp() < ${campaigns.dueAt} then ${campaigns.dueAt} else ${next} end`,
        ...(isOverdue && { overdueAt: clock }),
      })
      .where(eq(campaigns.id, id));
  },
});

export const campaignWrites = (db: Db): CampaignWrites => ({
  ...startWrites(db),
  ...lineWrites(db),
  ...chaseWrites(db),
});
