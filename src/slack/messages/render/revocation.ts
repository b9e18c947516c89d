/** An order to end much at once: what it would end, how far it has come, and how it came out, each drawn from the database. */
import type { KnownBlock } from '@slack/types';
import type { Policy } from '../../../domain/policy/types.ts';
import type { Person } from '../../../domain/principals/person.ts';
import type { RevocationStuck, RevocationView } from '../../../application/revocations/revocation-ports.ts';
import type { RevocationPreview } from '../../../application/revocations/revoke-all.ts';
import { factsOf } from './facts.ts';
import {
  ERROR_SHOWN_MAX,
  MESSAGE_TEXT_MAX,
  SECTION_TEXT_MAX,
  TITLE_SHOWN_MAX,
  VOTE_REASON_SHOWN_MAX,
} from './limits.ts';
import { what } from './phrases.ts';
import { context, cut, date, inline, mention, quote, section, sentenceList } from './text.ts';
import type { Message } from './text.ts';
import { pluralize } from '../../../lib/pluralize.ts';

const LINE_ERROR_MAX = ERROR_SHOWN_MAX / 2;
const TARGETS_NAMED = 5;

const titles = (policy: Policy, targets: readonly string[]): string => {
  const shown = targets
    .slice(0, TARGETS_NAMED)
    .map((name) => inline(policy.targets[name]?.title || name, TITLE_SHOWN_MAX));
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
  const { grants, startsLater, requests, allowances, some, limitedTo, person } = preview;
  const name = whose(policy, { person, targets: limitedTo ?? (target === null ? null : [target]) });
  const later = startsLater > 0 ? ` (${startsLater} of them not begun yet)` : '';
  const counts = [
    `*${pluralize(grants, 'grant')}*${later}: sessions are cut, and the access is removed.`,
    `*${pluralize(requests, 'pending request')}*: cancelled. People can ask again.`,
    `*${pluralize(allowances, 'allowance')}* given ahead of time: taken back.`,
  ];
  const lines = some.map((one) => `${mention(one.grantee)} · ${roleOf(policy, one)} \`${one.grantId}\``);
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

const stuckLine = (policy: Policy, { grantId, grantee, target, role, lastError }: RevocationStuck): string =>
  `● ${mention(grantee)} · ${roleOf(policy, { target, role })} \`${grantId}\`${lastError ? `: ${inline(lastError, LINE_ERROR_MAX)}` : ''}`;

const progress = ({ removed, alreadyAbsent, ending, stuckCount }: RevocationView): string => {
  const total = removed + alreadyAbsent + ending;
  if (total === 0) return '';
  const gone = alreadyAbsent > 0 ? `, ${alreadyAbsent} already gone` : '';
  const waiting = ending - stuckCount > 0 ? `, ${ending - stuckCount} being ended` : '';
  const stuck = stuckCount > 0 ? `, *${stuckCount} stuck*` : '';
  return `*${removed} of ${total} removed*${gone}${waiting}${stuck}.`;
};

const besides = ({ requests, allowances }: RevocationView): string =>
  [
    requests > 0 ? `${pluralize(requests, 'pending request')} cancelled.` : '',
    allowances > 0 ? `${pluralize(allowances, 'allowance')} taken back.` : '',
  ]
    .filter(Boolean)
    .join(' ');

export const revocationMessage = (policy: Policy, view: RevocationView): Message => {
  const name = whose(policy, view);
  const { finishedAt } = view;
  const heading = finishedAt
    ? `○ *Revoked*: ${name}. Nothing of it is left, confirmed by the targets ${date(finishedAt, view.now)}.`
    : `● *Revoking* ${name}.`;
  const lines = [heading, progress(view), besides(view)].filter(Boolean);
  const stuck = view.stuck.map((one) => stuckLine(policy, one));
  const rest = view.stuckCount - stuck.length;
  const more = rest > 0 ? [`and ${rest} more`] : [];
  const blocks: KnownBlock[] = [section(cut(lines.join('\n'), SECTION_TEXT_MAX))];
  if (view.reason) blocks.push(section(quote(view.reason, VOTE_REASON_SHOWN_MAX)));
  if (stuck.length > 0)
    blocks.push(section(cut(['*Not ending yet*, tried until it is:', ...stuck, ...more].join('\n'), SECTION_TEXT_MAX)));
  blocks.push(context(`By ${mention(view.by)}, ${date(view.createdAt)}. The audit log has each end.`));
  return { text: cut(lines.join(' '), MESSAGE_TEXT_MAX), blocks };
};
