/** The columns of the register and of the exceptions, the same in CSV and workbook. Ids stand whole in cells of their own. */
import type { Exception } from '../../domain/reports/exceptions.ts';
import { completenessOf, NOT_RECORDED } from '../../domain/grants/recording.ts';
import { EXCEPTION_KINDS } from '../../domain/reports/exceptions.ts';
import type { RegisterRow } from '../../domain/reports/register.ts';
import type { XlsxCell } from './xlsx.ts';

export type SheetColumn<Row> = { title: string; width: number; value: (row: Row) => XlsxCell };

const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;
const MINUTES_DIGITS = 100;

const minutes = (ms: number | null): number | null =>
  ms === null ? null : Math.round((ms / MINUTE_MS) * MINUTES_DIGITS) / MINUTES_DIGITS;
export const moment = (at: string | null): Date | null => (at === null || at === '' ? null : new Date(at));

const names = (people: readonly { name: string; id: string }[]): string =>
  people.map(({ name, id }) => name || id || 'erased').join('; ');
const ids = (people: readonly { id: string }[]): string => people.map(({ id }) => id).join('; ');

const activeMs = ({ activeAt, closedAt }: RegisterRow): number | null =>
  activeAt === null || closedAt === null ? null : Date.parse(closedAt) - Date.parse(activeAt);
const seconds = (ms: number | null): number | null => (ms === null ? null : Math.round(ms / SECOND_MS));

const column = <Row>(title: string, width: number, value: (row: Row) => XlsxCell): SheetColumn<Row> => ({
  title,
  width,
  value,
});
const at = <Row>(title: string, value: (row: Row) => string | null): SheetColumn<Row> =>
  column(`${title} (UTC)`, 20, (row) => moment(value(row)));

export const REGISTER_COLUMNS: readonly SheetColumn<RegisterRow>[] = [
  column('Request', 24, ({ request }) => request),
  column('Grant', 24, ({ grant }) => grant),
  column('Kind', 12, ({ kind }) => kind),
  column('State', 12, ({ state }) => state),
  at('Requested', ({ requestedAt }) => requestedAt),
  column('Requester', 24, ({ requester, isErased }) => requester.name ?? (isErased ? 'erased' : requester.id)),
  column('Requester email', 26, ({ requester }) => requester.email),
  column('Requester id', 22, ({ requester }) => requester.id),
  column('Requester is', 10, ({ requester }) => requester.kind),
  column('Target', 18, ({ target }) => target),
  column('Role', 12, ({ role }) => role),
  column('Requested minutes', 10, ({ durationMs }) => minutes(durationMs)),
  column('Reason', 40, ({ reason }) => reason),
  column('Ticket', 14, ({ ticket }) => ticket),
  column('Incident', 24, ({ incident }) => incident),
  column('Decided by', 14, ({ decidedBy }) => decidedBy),
  column('Rule', 28, ({ rule }) => rule),
  column('Policy SHA-256', 66, ({ policy }) => policy),
  column('Approvers', 28, ({ approvers }) => names(approvers)),
  column('Approver ids', 24, ({ approvers }) => ids(approvers)),
  column('Denied by', 24, ({ deniers }) => names(deniers)),
  at('Decided', ({ decidedAt }) => decidedAt),
  column('Decision note', 30, ({ decisionNote }) => decisionNote),
  at('Active', ({ activeAt }) => activeAt),
  at('First seen in use', ({ firstUsedAt }) => firstUsedAt),
  at('Expiry', ({ expiresAt }) => expiresAt),
  at('Closed', ({ closedAt }) => closedAt),
  at('Removed', ({ endedAt, state }) => (state === 'ended' ? endedAt : null)),
  column('Removal cause', 16, ({ endCause }) => endCause),
  column('Read back from target', 16, ({ readback }) => readback),
  column('Active minutes', 10, (row) => minutes(activeMs(row))),
  column('Seconds late', 10, ({ lateMs }) => seconds(lateMs)),
  column('Times extended', 8, ({ extensions }) => extensions),
  column('Follow-up', 14, ({ followUp }) => (followUp ? (followUp.outcome ?? 'open') : null)),
  column('Follow-up by', 22, ({ followUp }) => followUp?.by ?? null),
  column('Follow-up note', 30, ({ followUp }) => followUp?.note ?? null),
  column('What was done', 30, ({ done, activeAt }) => (done ? completenessOf(done) : activeAt && NOT_RECORDED)),
  column('Events', 8, ({ events }) => events),
  column('First event', 10, ({ firstSeq }) => firstSeq),
  column('Last event', 10, ({ lastSeq }) => lastSeq),
];

export const EXCEPTION_COLUMNS: readonly SheetColumn<Exception>[] = [
  column('Exception', 30, ({ kind }) => EXCEPTION_KINDS[kind]),
  at('Time', ({ at: when }) => when),
  column('Who', 24, ({ who }) => who),
  column('Target', 18, ({ target }) => target),
  column('Role', 12, ({ role }) => role),
  column('What', 60, ({ what }) => what),
  column('Answer', 60, ({ answer }) => answer),
  column('Has an answer', 10, ({ answer }) => (answer === null ? 'no' : 'yes')),
  column('Concerns', 36, ({ concerns }) => concerns),
  column('Request', 24, ({ request }) => request),
  column('Grant', 24, ({ grant }) => grant),
];
