/** Buttons that say a line of the command: who clicks one says it, as if typed. Nothing else is in them, and the verb judges who it is. */
import type { Button } from '@slack/types';
import { BUTTON_TEXT_MAX } from './limits.ts';
import { plain } from './text.ts';

/** Slack: docs.slack.dev/reference/block-kit/block-elements/button-element, `value` */
const VALUE_MAX = 2_000;
/** Slack: action ids are unique in a block, so each place in it has its own. */
const PLACES = 10;

const SAY_LINE = 'say_line';

export const SAY_LINE_IDS: readonly string[] = Array.from({ length: PLACES }, (_, at) => `${SAY_LINE}_${at}`);
/** Opens the form with what the line says. */
const FORM_WITH_LINE = 'form_with_line';
const FORMS = 4;

export const FORM_WITH_LINE_IDS: readonly string[] = Array.from({ length: FORMS }, (_, at) =>
  at === 0 ? FORM_WITH_LINE : `${FORM_WITH_LINE}_${at}`,
);

/** `line` is what stands after the command; without a `label` the line itself is shown. */
export type Say = { line: string; label?: string; isFirst?: boolean };

const button = (text: string, { actionId, value }: { actionId: string; value: string }): Button => ({
  type: 'button',
  text: { type: 'plain_text', text: plain(text, BUTTON_TEXT_MAX), emoji: false },
  action_id: actionId,
  value,
});

/** A line that no button can carry has none; the text beside it names it. */
export const sayButtons = (says: readonly Say[]): Button[] =>
  says
    .filter(({ line }) => line !== '' && line.length <= VALUE_MAX)
    .slice(0, PLACES)
    .map(({ line, label, isFirst = false }, at) => ({
      ...button(label ?? line, { actionId: SAY_LINE_IDS[at] ?? SAY_LINE, value: line }),
      ...(isFirst ? { style: 'primary' } : {}),
    }));

/** What was typed, to be changed in the form. */
export const formWithLineButtons = (line: string): Button[] =>
  line !== '' && line.length <= VALUE_MAX
    ? [{ ...button('Change it in the form', { actionId: FORM_WITH_LINE, value: line }), style: 'primary' }]
    : [];

/** What somebody often requests: the form opens with it, and needs the reason. */
export const oftenButtons = (says: readonly { line: string; label: string }[]): Button[] =>
  says
    .slice(0, FORMS)
    .map(({ line, label }, at) => button(label, { actionId: FORM_WITH_LINE_IDS[at] ?? FORM_WITH_LINE, value: line }));
