/** An order to end much at once: what it would end, how far it has come, and how it came out, each rendered from the database. */
import type { KnownBlock } from '@slack/types';
import type { Policy } from '../../../domain/policy/types.ts';
import type { Person } from '../../../domain/principals/person.ts';
import type { RevocationStuck, RevocationView } from '../../../application/revocations/revocation-ports.ts';
import type { RevocationPreview } from '../../../application/revocations/revoke-all.ts';
import { factsOf } from '../../../application/messages/facts.ts';
import { actions } from './buttons.ts';
import { card, iconOf } from './card.ts';
import type { Tone } from './card.ts';
import { ERROR_SHOWN_MAX, SECTION_TEXT_MAX, TITLE_SHOWN_MAX, VOTE_REASON_SHOWN_MAX } from './limits.ts';
import { sayButtons } from './line-buttons.ts';
import { what } from './phrases.ts';
import { context, cut, date, inline, mention, said as quoted, section, sentenceList } from './text.ts';
import type { Message } from './text.ts';
import { pluralize } from '../../../lib/pluralize.ts';

const LINE_ERROR_MAX = ERROR_SHOWN_MAX / 2;
const TARGETS_NAMED = 5;

const titleOf = (policy: Policy, name: string): string => policy.targets[name]?.title || name;

const titles = (policy: Policy, targets: readonly string[]): string => {
  const shown = targets.slice(0, TARGETS_NAMED).map((name) => inline(titleOf(policy, name), TITLE_SHOWN_MAX));
  const rest = targets.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : sentenceList(shown);
};

/** `all access of @ada in Orders database` */
const whose = (policy: Policy, { person, targets }: { person: Person | null; targets: string[] | null }): string => {
  const of = person ? ` of ${mention(person)}` : '';
  return `all access${of}${targets ? ` in ${titles(policy, targets)}` : ''}`;
};

/** What a confirmation shows: the exact count, then names. */
export const previewBlocks = (policy: Policy, preview: RevocationPreview, target: string | null): KnownBlock[] => {
  const { grants, startsLater, requests, preApprovals, some, limitedTo, person } = preview;
  const name = whose(policy, { person, targets: limitedTo ?? (target === null ? null : [target]) });
  const later = startsLater > 0 ? ` (${startsLater} of them not begun yet)` : '';
  const counts = [
    `*${pluralize(grants, 'grant')}*${later}: logins are blocked, sessions are cut, and what Latchkey created is removed.`,
    `*${pluralize(requests, 'pending request')}*: cancelled. People can request again.`,
    `*${pluralize(preApprovals, 'pre-approval')}*: withdrawn.`,
  ];
  const lines = some.map((one) => `${mention(one.grantee)} · ${roleOf(policy, one)}`);
  const rest = grants - some.length;
  const more = rest > 0 ? [`and ${rest} more`] : [];
  const limit =
    limitedTo !== null && person
      ? [context(`You own ${titles(policy, limitedTo)}: access elsewhere stays. Admins of Latchkey can end all of it.`)]
      : [];
  return [
    section(cut(`This ends ${name}, now:\n• ${counts.join('\n• ')}`, SECTION_TEXT_MAX)),
    ...(lines.length > 0 ? [section(cut([...lines, ...more].join('\n'), SECTION_TEXT_MAX))] : []),
    ...limit,
  ];
};

const roleOf = (policy: Policy, { target, role }: { target: string; role: string }): string =>
  what({ request: { target, role } }, factsOf(policy, { target, role }));

const stuckLine = (policy: Policy, { grantee, target, role, lastError }: RevocationStuck): string =>
  `${mention(grantee)} · ${roleOf(policy, { target, role })}${lastError ? `: ${inline(lastError, LINE_ERROR_MAX)}` : ''}`;

const progress = ({ closed, alreadyAbsent, ending, stuckCount }: RevocationView): string => {
  const total = closed + alreadyAbsent + ending;
  if (total === 0) return '';
  const gone = alreadyAbsent > 0 ? `, ${alreadyAbsent} already gone` : '';
  const waiting = ending - stuckCount > 0 ? `, ${ending - stuckCount} being ended` : '';
  const stuck = stuckCount > 0 ? `, *${stuckCount} stuck*` : '';
  return `*${closed} of ${total} closed*${gone}${waiting}${stuck}.`;
};

const besides = ({ requests, preApprovals }: RevocationView): string =>
  [
    requests > 0 ? `${pluralize(requests, 'pending request')} cancelled.` : '',
    preApprovals > 0 ? `${pluralize(preApprovals, 'pre-approval')} withdrawn.` : '',
  ]
    .filter(Boolean)
    .join(' ');

const STUCK_NAMED = 2;

/** What may still be open: by name, the rest counted. */
const stuckLines = (policy: Policy, { stuck, stuckCount }: RevocationView): string[] => {
  const shown = stuck.slice(0, STUCK_NAMED).map((one) => stuckLine(policy, one));
  const rest = stuckCount - shown.length;
  if (shown.length === 0) return [];
  const last = rest > 0 ? ` · and ${rest} more` : '';
  return shown.map((line, at) => (at === shown.length - 1 ? `${line}${last}` : line));
};

/** Who may look at it can see who is in each target that is stuck. */
const whoButtons = (policy: Policy, { stuck }: RevocationView): KnownBlock[] => {
  const targets = [...new Set(stuck.map(({ target }) => target))].slice(0, STUCK_NAMED);
  if (targets.length === 0) return [];
  return [
    actions(
      ...sayButtons(targets.map((name) => ({ line: `who ${name}`, label: `Who is in ${titleOf(policy, name)}` }))),
    ),
  ];
};

const toneOf = ({ finishedAt, stuckCount }: RevocationView): Tone => {
  if (finishedAt) return 'done';
  return stuckCount > 0 ? 'alarm' : 'trouble';
};

/** One message, kept current until the targets have confirmed the last end. */
export const revocationMessage = (policy: Policy, view: RevocationView): Message => {
  const name = whose(policy, view);
  const { finishedAt, reason } = view;
  const tone = toneOf(view);
  const heading = finishedAt ? `*Revoked*: ${name}` : `*Revoking* ${name}`;
  const confirmed = finishedAt
    ? `No one can get in by any of it, confirmed by the targets ${date(finishedAt, view.now)}.`
    : '';
  const lines = [[progress(view), besides(view), confirmed].filter(Boolean).join(' '), ...stuckLines(policy, view)];
  const said = lines.filter(Boolean).join('\n');
  return card({
    tone,
    text: [heading, progress(view), besides(view)].filter(Boolean).join(' '),
    head: [section(cut(`${iconOf(tone)} ${heading}`, SECTION_TEXT_MAX))],
    body: [
      ...(reason ? [section(quoted(reason, VOTE_REASON_SHOWN_MAX))] : []),
      ...(said ? [section(cut(said, SECTION_TEXT_MAX))] : []),
      context(`By ${mention(view.by)}, ${date(view.createdAt, view.now)}`),
      ...whoButtons(policy, view),
    ],
  });
};
