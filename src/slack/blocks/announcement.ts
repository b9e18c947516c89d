/** What admins are told about the policy: which one is in force, and what is different. */
import type { Announcement } from '../../usecases/ports.ts';
import { ERROR_SHOWN_MAX, MESSAGE_TEXT_MAX, SECTION_TEXT_MAX } from './limits.ts';
import { context, cut, date, inline, section } from './text.ts';
import type { Message } from './text.ts';

const HEADINGS = {
  policy_adopted: '*A new policy is in force.* Requests that wait are judged by it at their next vote.',
  policy_rejected: '*The changed policy file was refused.* The policy before stays in force; nothing was changed.',
} satisfies Record<Announcement['kind'], string>;

const LINES_SHOWN_MAX = 15;

export const announcementMessage = ({ kind, lines, createdAt }: Announcement): Message => {
  const shown = lines.slice(0, LINES_SHOWN_MAX).map((line) => `• ${inline(line, ERROR_SHOWN_MAX)}`);
  const rest = lines.length - shown.length;
  const more = rest > 0 ? [`and ${rest} more; \`latchkey policy check\` and the audit log have them all.`] : [];
  const heading = HEADINGS[kind];
  return {
    text: cut(heading, MESSAGE_TEXT_MAX),
    blocks: [
      section(heading),
      ...(lines.length > 0 ? [section(cut([...shown, ...more].join('\n'), SECTION_TEXT_MAX))] : []),
      context(`${date(createdAt)}. Every change of the policy is recorded.`),
    ],
  };
};
