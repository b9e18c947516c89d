/** Messages and views as a person reads them: their text, the text of their blocks and attachments, and what can be clicked. */
import { checkAttachments } from '../../sandbox/src/slack/blocks/attachments.ts';
import { checkMessageBlocks, inSlacksWords } from '../../sandbox/src/slack/blocks/validate.ts';

type Block = { type: string; elements?: unknown };
type Shown = { text?: string; blocks?: readonly unknown[]; attachments?: readonly unknown[] } | undefined;

/** Its own blocks, then those beside the coloured bar. */
export const blocksOf = (shown: Shown): Block[] => [
  ...((shown?.blocks ?? []) as Block[]),
  ...((shown?.attachments ?? []) as { blocks?: Block[] }[]).flatMap(({ blocks }) => blocks ?? []),
];

/** What a reader sees, links and all. */
export const seen = (shown: Shown): string => [shown?.text ?? '', JSON.stringify(blocksOf(shown))].join('\n');

export const buttonsOf = (shown: Shown): string[] =>
  blocksOf(shown)
    .filter(({ type }) => type === 'actions')
    .flatMap(({ elements }) => ((elements ?? []) as { action_id: string }[]).map(({ action_id: id }) => id));

/** What Slack would refuse, in its words. */
export const problemsOf = (shown: Shown): string[] =>
  inSlacksWords([...checkMessageBlocks(shown?.blocks ?? []), ...checkAttachments(shown?.attachments ?? [])]);
