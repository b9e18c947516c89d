/** Blocks and views. Slack: docs.slack.dev/reference/block-kit/blocks and docs.slack.dev/reference/views */
import { slackFile } from './composition.ts';
import { richText, table } from './rich-text.ts';
import { accessoryElements, actionsElements, image, inputElements } from './elements.ts';
import { anyText, anything, boolean, list, oneOf, plainText, string } from './rules.ts';
import type { Rule, Shape } from './rules.ts';

const BLOCKS_PER_MESSAGE = 50;
const BLOCKS_PER_VIEW = 100;

const blockId: Record<string, Rule> = { block_id: string(255) };

const typed = (types: () => Record<string, Shape>): Rule => ({ is: 'typed', types });

/** Context elements are text objects or images, all distinguished by `type`. */
const contextElements: Record<string, Shape> = {
  image,
  plain_text: { required: { text: string(3000) }, optional: { emoji: boolean } },
  mrkdwn: { required: { text: string(3000) }, optional: { verbatim: boolean } },
};

const layout: Record<string, Shape> = {
  section: {
    optional: {
      ...blockId,
      text: anyText(3000),
      fields: list(anyText(2000), 10),
      accessory: typed(() => accessoryElements),
      expand: boolean,
    },
    anyOf: ['text', 'fields'],
  },
  header: { required: { text: plainText(150) }, optional: { ...blockId } },
  divider: { optional: blockId },
  context: {
    required: {
      elements: list(
        typed(() => contextElements),
        10,
      ),
    },
    optional: blockId,
  },
  actions: {
    required: {
      elements: list(
        typed(() => actionsElements),
        25,
      ),
    },
    optional: blockId,
  },
  input: {
    required: { label: plainText(2000), element: typed(() => inputElements) },
    optional: { ...blockId, hint: plainText(2000), optional: boolean, dispatch_action: boolean },
  },
  image: {
    required: { alt_text: string(2000) },
    optional: {
      ...blockId,
      image_url: string(3000),
      slack_file: slackFile,
      title: plainText(2000),
    },
    anyOf: ['image_url', 'slack_file'],
  },
};

const rich: Record<string, Shape> = {
  rich_text: richText,
  video: {
    required: {
      alt_text: string(2000),
      title: plainText(200),
      thumbnail_url: string(3000),
      video_url: string(3000),
    },
    optional: {
      ...blockId,
      author_name: string(50),
      description: plainText(200),
      provider_icon_url: string(3000),
      provider_name: string(255),
      title_url: string(3000),
    },
  },
  /** Slack: .../blocks/markdown-block: messages only, 12,000 characters in all. */
  markdown: { required: { text: string(12_000) }, optional: blockId, on: ['message'] },
  file: {
    required: { external_id: string(255), source: oneOf('remote') },
    optional: blockId,
    on: ['message'],
  },
  table,
  context_actions: {
    required: { elements: list(anything, 5) },
    optional: blockId,
    on: ['message'],
  },
  alert: {
    required: { text: anyText(3000) },
    optional: { ...blockId, level: oneOf('default', 'info', 'warning', 'error', 'success') },
    on: ['message', 'modal'],
  },
};

const blockShapes: Record<string, Shape> = { ...layout, ...rich };

export const messageBlocks: Rule = list(
  typed(() => blockShapes),
  BLOCKS_PER_MESSAGE,
  0,
);
const viewBlocks: Rule = list(
  typed(() => blockShapes),
  BLOCKS_PER_VIEW,
  0,
);

const viewCommon: Record<string, Rule> = {
  private_metadata: string(3000, 0),
  callback_id: string(255, 0),
  external_id: string(255, 0),
};

const hasInput = (blocks: unknown): boolean =>
  Array.isArray(blocks) && blocks.some((block) => (block as { type?: unknown })?.type === 'input');

export const viewShapes: Record<string, Shape> = {
  /** Slack: docs.slack.dev/reference/views/modal-views */
  modal: {
    required: { title: plainText(24), blocks: viewBlocks },
    optional: {
      ...viewCommon,
      submit: plainText(24),
      close: plainText(24),
      clear_on_close: boolean,
      notify_on_close: boolean,
      submit_disabled: boolean,
    },
    check: (node) =>
      hasInput(node.blocks) && node.submit === undefined
        ? [{ text: 'missing required field: submit', pointer: '' }]
        : [],
  },
  /** Slack: docs.slack.dev/reference/views/home-tab-views */
  home: { required: { blocks: viewBlocks }, optional: viewCommon },
};
