/** Slack's limits, each in one place, and our own that keep every message inside them. */

/** Slack: docs.slack.dev/reference/block-kit/blocks/section-block */
export const SECTION_TEXT_MAX = 3_000;
/** Slack: docs.slack.dev/reference/block-kit/blocks/context-block (text objects: the composition object's own bound is higher) */
export const CONTEXT_TEXT_MAX = 2_000;
/** Slack: docs.slack.dev/reference/block-kit/blocks */
export const VIEW_BLOCKS_MAX = 100;
/** Slack: docs.slack.dev/reference/block-kit/blocks: a message has fewer than a view. */
export const MESSAGE_BLOCKS_MAX = 50;
/** Slack: docs.slack.dev/reference/block-kit/blocks/header-block */
export const HEADER_TEXT_MAX = 150;
/** Slack: docs.slack.dev/reference/block-kit/block-elements/button-element */
export const BUTTON_TEXT_MAX = 75;
/** Slack: docs.slack.dev/reference/block-kit/composition-objects/option-object */
export const OPTION_TEXT_MAX = 75;
/** Slack: docs.slack.dev/reference/block-kit/block-elements/select-menu-element */
export const SELECT_OPTIONS_MAX = 100;
/** Slack: docs.slack.dev/reference/views (title, submit, close) */
export const VIEW_TITLE_MAX = 24;
/** Slack: docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element */
export const INPUT_TEXT_MAX = 3_000;

/** Slack: docs.slack.dev/reference/methods/chat.postMessage advises 4,000 for `text`; it is only the notification here. */
export const MESSAGE_TEXT_MAX = 1_000;
/** Slack answers `msg_blocks_too_long` somewhere above 13,000 characters of block text; chat.update refuses sooner than chat.postMessage. */
export const MESSAGE_TOTAL_MAX = 10_000;

/** What is shown of what people and targets wrote; the database keeps it whole. */
export const REASON_SHOWN_MAX = 1_500;
/** A lock screen shows little more. */
export const REASON_PUSHED_MAX = 150;
export const VOTE_REASON_SHOWN_MAX = 500;
export const TICKET_SHOWN_MAX = 100;
export const TITLE_SHOWN_MAX = 100;
/** What is said of addresses that are not trusted. */
export const CONFLICTS_SHOWN_MAX = 300;
export const RULE_SHOWN_MAX = 150;
export const WARNING_SHOWN_MAX = 300;
export const SCOPE_SHOWN_MAX = 300;
/** Of what the end of an access does not cut: shown whole where a provider keeps to two sentences. */
export const SURVIVES_SHOWN_MAX = 600;
export const ACCOUNT_SHOWN_MAX = 200;
/** Of what may remain: a handful of short sentences. */
export const REMAINS_SHOWN_MAX = 700;
export const ERROR_SHOWN_MAX = 400;
export const GROUPS_SHOWN_MAX = 200;
export const FIELD_ERROR_MAX = 300;
/** More mentions than this wake nobody usefully; the others are counted. */
export const MENTIONS_MAX = 5;
/** A request can be made smaller many times; the last ones say it. */
export const CHANGES_SHOWN_MAX = 3;
export const EXPLAIN_LINE_MAX = 400;
export const TOPIC_SHOWN_MAX = 250;
/** Of an incident's message: what is beyond is counted. */
export const INCIDENT_TARGETS_MAX = 4;
export const INCIDENT_LINES_MAX = 12;
export const INCIDENT_NAMES_MAX = 6;

export const RECORDING_SHOWN_MAX = 400;
