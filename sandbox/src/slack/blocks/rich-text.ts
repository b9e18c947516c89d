/** Rich text and table cells. Slack: docs.slack.dev/reference/block-kit/blocks/rich-text-block and .../blocks/table-block */
import { boolean, integer, list, matching, object, oneOf, string } from './rules.ts';
import type { Rule, Shape } from './rules.ts';

/** Slack gives no number; more than this fits into no message. */
const MANY = 1_000;
const TEXT_MAX = 12_000;

const typed = (shapes: Record<string, Shape>): Rule => ({ is: 'typed', types: () => shapes });

const style: Record<string, Rule> = {
  style: object({
    optional: {
      bold: boolean,
      italic: boolean,
      strike: boolean,
      code: boolean,
      underline: boolean,
      highlight: boolean,
      client_highlight: boolean,
      unlink: boolean,
    },
  }),
};

const text: Shape = { required: { text: string(TEXT_MAX) }, optional: style };
const link: Shape = {
  required: { url: string(3_000) },
  optional: { ...style, text: string(TEXT_MAX, 0), unsafe: boolean },
};

const inline: Record<string, Shape> = {
  text,
  link,
  user: { required: { user_id: matching(/^[UW][A-Z0-9]+$/) }, optional: style },
  channel: { required: { channel_id: matching(/^[CDG][A-Z0-9]+$/) }, optional: style },
  usergroup: { required: { usergroup_id: matching(/^S[A-Z0-9]+$/) }, optional: style },
  team: { required: { team_id: matching(/^[TE][A-Z0-9]+$/) }, optional: style },
  broadcast: { required: { range: oneOf('here', 'channel', 'everyone') }, optional: style },
  emoji: {
    required: { name: string(255) },
    optional: { ...style, unicode: string(255), url: string(3_000), skin_tone: integer(2, 6) },
  },
  date: {
    required: { timestamp: integer(), format: string(255) },
    optional: { ...style, url: string(3_000), fallback: string(255) },
  },
  color: { required: { value: matching(/^#[0-9a-f]{6}$/i) }, optional: style },
};

const border: Record<string, Rule> = { border: integer(0, 1) };
const section: Shape = { required: { elements: list(typed(inline), MANY, 0) } };

const parts: Record<string, Shape> = {
  rich_text_section: section,
  rich_text_list: {
    required: { style: oneOf('bullet', 'ordered'), elements: list(typed({ rich_text_section: section }), MANY, 0) },
    optional: { ...border, indent: integer(0, 8), offset: integer(0) },
  },
  rich_text_quote: { required: { elements: list(typed(inline), MANY, 0) }, optional: border },
  rich_text_preformatted: {
    required: { elements: list(typed({ text, link }), MANY, 0) },
    optional: { ...border, language: string(255) },
  },
};

export const richText: Shape = {
  required: { elements: list(typed(parts), MANY, 0) },
  optional: { block_id: string(255) },
};

const cells: Record<string, Shape> = { raw_text: { required: { text: string(TEXT_MAX) } }, rich_text: richText };

const columnSetting: Shape = { optional: { align: oneOf('left', 'center', 'right'), is_wrapped: boolean } };

/** Slack: at most 100 rows of 20 cells, each cell `raw_text` or `rich_text`, none of them empty. */
export const table: Shape = {
  required: { rows: list(list(typed(cells), 20), 100) },
  optional: {
    block_id: string(255),
    column_settings: list(object(columnSetting), 20),
  },
  on: ['message'],
};
