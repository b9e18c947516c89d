/** What of the log as a whole needs an answer: it is about no single request. Pure. */
import { pluralize } from '../../lib/pluralize.ts';
import { reasonText, timeOf } from './exceptions.ts';
import type { Exception, ExceptionKind, Found } from './exceptions.ts';
import type { LogEvent } from './register.ts';

const str = (event: LogEvent, field: string): string =>
  typeof event.data[field] === 'string' ? event.data[field] : '';

const amount = (event: LogEvent, field: string): number =>
  typeof event.data[field] === 'number' ? event.data[field] : 0;

type Line = Omit<Found, 'at'> & { about?: string };

/** `about`: where it is about neither a grant nor a request. What has no id of its own is found by the number of its event. */
const concernsOf = ({ grantId, requestId, seq }: LogEvent, about: string): string => {
  if (grantId !== null) return `grant ${grantId}`;
  if (requestId !== null) return `request ${requestId}`;
  return about === '' ? `event ${seq}` : about;
};

const lineOf = (event: LogEvent, { about = '', ...found }: Line): Exception => ({
  ...found,
  at: event.at,
  concerns: concernsOf(event, about),
  request: event.requestId,
  grant: event.grantId,
  target: event.target,
  role: event.role,
  who: event.actor.name,
});

const listText = (event: LogEvent, field: string): string => {
  const { [field]: value } = event.data;
  return Array.isArray(value) ? value.map(String).join(' ') : '';
};

type Answering = {
  started: string;
  kind: ExceptionKind;
  by: string;
  key: string;
  /** What has the id that `key` names. */
  noun: string;
  what: (event: LogEvent) => string;
  said: (answer: LogEvent) => string;
};

/** `events`: of the period; `later`: what came after it, up to the checkpoint. */
type Log = { events: readonly LogEvent[]; later: readonly LogEvent[] };

/** Events of older versions have no name, nor have those whose personal part was erased. */
const reviewName = (event: LogEvent): string => `The review "${str(event, 'name') || str(event, 'campaign')}"`;

/** Events of the log that have an event as their answer, by the id that both carry. */
const ANSWERED: readonly Answering[] = [
  {
    started: 'drift.found',
    kind: 'drift',
    by: 'drift.repaired',
    key: 'finding',
    noun: 'finding',
    what: (event) => str(event, 'description') || str(event, 'kind'),
    said: (answer) => `Repaired (${str(answer, 'outcome')})`,
  },
  {
    started: 'revocation.started',
    kind: 'revocation',
    by: 'revocation.finished',
    key: 'revocation',
    noun: 'revocation',
    what: (event) =>
      `${pluralize(amount(event, 'grants'), 'grant')} and ${pluralize(amount(event, 'requests'), 'request')}. ${reasonText(str(event, 'reason') || null)}`,
    said: () => 'Finished',
  },
  {
    started: 'campaign.overdue',
    kind: 'review_overdue',
    by: 'campaign.closed',
    key: 'campaign',
    noun: 'review',
    what: (event) =>
      `${reviewName(event)} had lines without a decision at its deadline, ${timeOf(str(event, 'dueAt'))}. From then on the admins may decide, too.`,
    said: () => 'Each line was decided',
  },
];

const answeredIn = ({ events, later }: Log, { started, kind, by, key, noun, what, said }: Answering): Exception[] => {
  const answers = new Map(
    [...events, ...later].filter(({ type }) => type === by).map((event) => [str(event, key), event]),
  );
  return events
    .filter(({ type }) => type === started)
    .map((event) => {
      const answer = answers.get(str(event, key));
      return lineOf(event, {
        kind,
        about: `${noun} ${str(event, key)}`,
        what: what(event),
        answer: answer ? `${said(answer)}, ${timeOf(answer.at)}` : null,
      });
    });
};

/** Lines on which no reviewer decided, where the policy says that silence keeps them. */
const keptBySilence = (events: readonly LogEvent[]): Exception[] =>
  events
    .filter((event) => event.type === 'campaign.closed' && amount(event, 'bySilence') > 0)
    .map((event) =>
      lineOf(event, {
        kind: 'review_overdue',
        about: `review ${str(event, 'campaign')}`,
        what: `${reviewName(event)} had ${pluralize(amount(event, 'bySilence'), 'line')} without a decision at its deadline.`,
        answer: `Kept, since the policy says "silence: keep", ${timeOf(event.at)}`,
      }),
    );

/** Answered by the key that came after it. */
const revokedKeys = ({ events, later }: Log): Exception[] =>
  events
    .filter(({ type }) => type === 'key.revoked')
    .map((event) => {
      const next = [...events, ...later].find(({ type, seq }) => type === 'key.added' && seq > event.seq);
      return lineOf(event, {
        kind: 'key_revoked',
        about: `key ${str(event, 'vkey').split('+', 2).join('+')}`,
        what: `${str(event, 'vkey')} counts for nothing from ${timeOf(str(event, 'from'))} on. ${reasonText(str(event, 'reason') || null)}`,
        answer: next ? `Another key signs, ${timeOf(next.at)}` : null,
      });
    });

/** What answers an exception, also after the period. */
export const ANSWERS: readonly string[] = [...ANSWERED.map(({ by }) => by), 'key.added'];

export const logExceptions = (events: readonly LogEvent[], later: readonly LogEvent[] = []): Exception[] => [
  ...ANSWERED.flatMap((answering) => answeredIn({ events, later }, answering)),
  ...keptBySilence(events),
  ...revokedKeys({ events, later }),
  ...events
    .filter(({ type }) => type === 'policy.rejected')
    .map((event) =>
      lineOf(event, {
        kind: 'policy_rejected',
        what: listText(event, 'problems') || 'The policy file had problems.',
        answer: `The policy ${str(event, 'kept')} stayed in force.`,
      }),
    ),
  ...events
    .filter(({ type }) => type === 'checkpoint.refused')
    .map((event) => lineOf(event, { kind: 'checkpoint_refused', what: listText(event, 'problems'), answer: null })),
];
