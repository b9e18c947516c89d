/** Secondary attachments, which give blocks their coloured bar. Slack: docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments */
import type { Block, Json } from '../types.ts';
import { isObject } from './rules.ts';
import type { Problem } from './rules.ts';
import { checkBlocksAt } from './validate.ts';

/** Slack's names for colours, as its clients draw them. */
const colours: Record<string, string> = { good: '2eb886', warning: 'daa038', danger: 'a30200' };

/** What may stand beside blocks. Slack refuses the rest: github.com/slack-go/slack/issues/826 */
const besideBlocks = new Set(['blocks', 'color', 'fallback', 'id']);

/** One of these makes an attachment without blocks say something. */
const saying = ['text', 'fallback', 'title', 'pretext', 'fields', 'image_url', 'author_name'];

const NO_PREVIEW = '[no preview available]';

const attachmentProblems = (one: unknown, pointer: string): Problem[] => {
  if (!isObject(one)) return [{ text: 'must provide an object', pointer }];
  const odd = one.color === undefined || typeof one.color === 'string' ? [] : ['color'];
  const wrong = odd.map((key) => ({ text: 'must be a string', pointer: `${pointer}/${key}` }));
  if (one.blocks === undefined) return wrong;
  const strange = Object.keys(one).filter((key) => !besideBlocks.has(key));
  return [
    ...wrong,
    ...strange.map((key) => ({ text: `invalid additional property: ${key}`, pointer })),
    ...checkBlocksAt(one.blocks, `${pointer}/blocks`),
  ];
};

/** Every problem of a message's attachments, pointers starting at `/attachments`. */
export const checkAttachments = (attachments: unknown): Problem[] => {
  if (!Array.isArray(attachments)) return [{ text: 'must be an array', pointer: '/attachments' }];
  return attachments.flatMap((one: unknown, index) => attachmentProblems(one, `/attachments/${index}`));
};

/** Whether each says something. Slack: "one of fallback or text are required", unless there are blocks. */
export const doAttachmentsSay = (attachments: Json[]): boolean =>
  attachments.every((one) => Array.isArray(one.blocks) || saying.some((key) => one[key] !== undefined));

const colourOf = (color: string): string => colours[color] ?? color.replace(/^#/, '');

/** As Slack gives them back: numbered, the colour without its sign. */
export const storedAttachments = (attachments: Json[], complete: (blocks: Block[]) => Block[]): Json[] =>
  attachments.map((one, index) => ({
    ...one,
    id: index + 1,
    ...(typeof one.color === 'string' ? { color: colourOf(one.color) } : {}),
    ...(Array.isArray(one.blocks)
      ? { blocks: complete(one.blocks as Block[]), fallback: one.fallback ?? NO_PREVIEW }
      : {}),
  }));

/** The blocks that hang on a message, with the number of their attachment. */
export const attachedBlocks = (attachments: Json[] | undefined): { id: number; blocks: Block[] }[] =>
  (attachments ?? []).flatMap((one) =>
    Array.isArray(one.blocks) ? [{ id: Number(one.id), blocks: one.blocks as Block[] }] : [],
  );
