/** What a report says of one grant, in the order in which it is read. */
import type { About } from '../application/evidence/make-evidence.ts';
import { NOT_RECORDED } from '../domain/grants/recording.ts';
import type { GrantFacts, Person } from '../application/evidence/evidence-facts.ts';

const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;

const nameOf = ({ name, email, id }: Person): string => [name || id, email && `<${email}>`].filter(Boolean).join(' ');

const peopleRows = ({ people }: GrantFacts, about: About): [string, string][] =>
  people === null
    ? [
        [
          'People',
          about.isRedacted
            ? 'Names, reasons and other personal text are left out of this bundle.'
            : 'Names, reasons and other personal text were erased after the retention; erased.json has the event that says so.',
        ],
      ]
    : [
        ['Requester', nameOf(people.requester)],
        ['Reason', people.reason ?? ''],
        ['Ticket', people.ticket ?? 'none'],
        ...people.votes.map((vote): [string, string] => ['Vote', `${nameOf(vote)}: ${vote.vote}, ${vote.at}`]),
      ];

export const rowsOf = (facts: GrantFacts, about: About): [string, string][] => [
  ['Role', `${facts.target}/${facts.role}`],
  ...peopleRows(facts, about),
  ['Requested', facts.requestedAt],
  ['Approved', facts.approvedAt ?? (facts.isBreakGlass ? 'break-glass: access was taken first' : 'none')],
  ['Rule', facts.rule ?? 'none'],
  ['Duration', facts.durationMs === null ? '' : `${facts.durationMs / MINUTE_MS} minutes`],
  ['Active', facts.activeAt ?? 'never'],
  ['Removed', `${facts.removedAt}, cause: ${facts.cause ?? 'unknown'}`],
  ['On time', facts.lateMs < SECOND_MS ? 'yes' : `${(facts.lateMs / SECOND_MS).toFixed(1)} s late`],
  ['What was done', facts.statements ?? NOT_RECORDED],
  ['Policy (SHA-256)', facts.policySha256],
  ['Request', facts.request],
  ['Log', about.origin],
  ['Made', about.madeAt],
];
