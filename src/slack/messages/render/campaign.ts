/** Lines of a review campaign, ten to a message, each with its buttons. */
import type { KnownBlock } from '@slack/types';
import type { Campaign, CampaignLine } from '../../../domain/reviews/campaign.ts';
import { pluralize } from '../../../lib/pluralize.ts';
import { actions, changeLineButton, keepLineButton } from './buttons.ts';
import { card, iconOf } from './card.ts';
import type { Tone } from './card.ts';
import { sayButtons } from './line-buttons.ts';
import { SECTION_TEXT_MAX } from './limits.ts';
import { context, cut, date, inline, section } from './text.ts';
import type { Message } from './text.ts';

/** Two blocks each, and a message has fifty. */
const LINES_SHOWN = 10;
const FACT_SHOWN_MAX = 220;
const SUBJECT_SHOWN_MAX = 150;

/** `*orders-db/write* · used: 3 times · …`: one line to a decision. */
const lineText = ({ subject, facts }: CampaignLine): string =>
  cut(
    [
      `*${inline(subject, SUBJECT_SHOWN_MAX)}*`,
      ...facts.map(([name, value]) => `${inline(name, SUBJECT_SHOWN_MAX)}: ${inline(value, FACT_SHOWN_MAX)}`),
    ].join(' · '),
    SECTION_TEXT_MAX / LINES_SHOWN + FACT_SHOWN_MAX * 2,
  );

const lineBlocks = (line: CampaignLine): KnownBlock[] => [
  section(lineText(line)),
  actions(keepLineButton(line.id), changeLineButton(line.id)),
];

const restBlocks = (rest: number): KnownBlock[] =>
  rest > 0
    ? [
        context(`And ${pluralize(rest, 'line')} more.`),
        actions(
          ...sayButtons([
            { line: 'review', label: 'Show the next' },
            { line: 'review csv', label: 'Send all as a file' },
          ]),
        ),
      ]
    : [];

const HINT =
  '*Keep* leaves a line as it is. *Change…* notes what to change in `latchkey.yml`; nothing changes by itself.';

const standing = ({ overdueAt, reminders }: Campaign): { tone: Tone; words: string } => {
  if (overdueAt !== null) return { tone: 'trouble', words: 'is overdue, so admins may decide too' };
  return { tone: 'waiting', words: reminders > 0 ? 'still waits for you' : 'waits for you' };
};

export const campaignMessage = ({
  campaign,
  lines,
}: {
  campaign: Campaign;
  lines: readonly CampaignLine[];
}): Message => {
  const { name, period, dueAt } = campaign;
  const title = `*Review: ${inline(name, SUBJECT_SHOWN_MAX)}, ${inline(period, SUBJECT_SHOWN_MAX)}*`;
  if (lines.length === 0) {
    const words = `${iconOf('done')} ${title}: you have decided every line.`;
    return card({ tone: 'done', text: words, head: [section(words)], body: [] });
  }
  const { tone, words } = standing(campaign);
  const by = campaign.overdueAt === null ? ' until' : ', due';
  const heading = `${title} ${words}: ${pluralize(lines.length, 'line')}${by} ${date(dueAt)}`;
  return card({
    tone,
    text: heading,
    head: [section(`${iconOf(tone)} ${heading}`)],
    body: [
      context(HINT),
      ...lines.slice(0, LINES_SHOWN).flatMap(lineBlocks),
      ...restBlocks(lines.length - LINES_SHOWN),
    ],
  });
};
