import { describe, expect, it } from 'vitest';
import { checkMessageBlocks, checkView, inSlacksWords } from '../../../sandbox/src/slack/blocks/validate.ts';

const plain = (text: string) => ({ type: 'plain_text', text });
const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });
const button = (more: object = {}) => ({ type: 'button', text: plain('Go'), action_id: 'go', ...more });
const actions = (...elements: object[]) => ({ type: 'actions', elements });
const option = (value: string, text = value) => ({ text: plain(text), value });
const input = (element: object, more: object = {}) => ({
  type: 'input',
  label: plain('Label'),
  element,
  ...more,
});
const modal = (blocks: object[], more: object = {}) => ({
  type: 'modal',
  title: plain('Title'),
  submit: plain('Send'),
  blocks,
  ...more,
});
const select = (count: number, more: object = {}) => ({
  type: 'static_select',
  action_id: 'pick',
  options: Array.from({ length: count }, (_, index) => option(`v${index}`)),
  ...more,
});

const inMessage = (...blocks: unknown[]): string[] => inSlacksWords(checkMessageBlocks(blocks));
const inModal = (blocks: object[], more: object = {}): string[] => inSlacksWords(checkView(modal(blocks, more)));

describe('what Slack accepts', () => {
  it('accepts one of everything an approval message has', () => {
    expect(
      inMessage(
        { type: 'header', text: plain('Access') },
        { type: 'section', fields: [{ type: 'mrkdwn', text: '*Who*' }], accessory: button({ action_id: 'a' }) },
        { type: 'divider' },
        {
          type: 'context',
          elements: [
            { type: 'mrkdwn', text: 'x' },
            { type: 'image', image_url: 'https://x.test/a.png', alt_text: 'a' },
          ],
        },
        actions(
          button({ style: 'primary', value: '1' }),
          button({
            action_id: 'no',
            style: 'danger',
            confirm: { title: plain('Sure?'), text: plain('Really'), confirm: plain('Yes'), deny: plain('No') },
          }),
        ),
        { type: 'markdown', text: '**bold**' },
      ),
    ).toEqual([]);
  });

  it('accepts every kind of input a form has', () => {
    const elements = [
      { type: 'plain_text_input', action_id: 'a', multiline: true, max_length: 3_000, min_length: 1 },
      { type: 'external_select', action_id: 'b', min_query_length: 0, placeholder: plain('Search') },
      select(100),
      { type: 'radio_buttons', action_id: 'c', options: [{ text: { type: 'mrkdwn', text: '*a*' }, value: 'a' }] },
      { type: 'checkboxes', action_id: 'd', options: [option('a')], initial_options: [option('a')] },
      { type: 'users_select', action_id: 'e' },
      { type: 'multi_conversations_select', action_id: 'f', filter: { include: ['public'] } },
      { type: 'datepicker', action_id: 'g', initial_date: '2026-11-22' },
      { type: 'number_input', action_id: 'h', is_decimal_allowed: false },
      { type: 'file_input', action_id: 'i' },
    ];
    expect(inModal(elements.map((element) => input(element)))).toEqual([]);
  });
});

describe('what Slack refuses, with the pointer to it', () => {
  const cases: [string, string[], string][] = [
    [
      '51 blocks',
      inMessage(...Array.from({ length: 51 }, () => ({ type: 'divider' }))),
      'no more than 50 items allowed [json-pointer:/blocks]',
    ],
    [
      'a section of 3001 characters',
      inMessage(section('x'.repeat(3_001))),
      'must be less than 3001 characters [json-pointer:/blocks/0/text/text]',
    ],
    ['an empty section', inMessage(section('')), 'must be more than 0 characters [json-pointer:/blocks/0/text/text]'],
    [
      'a section of nothing',
      inMessage({ type: 'section' }),
      'must define one of: text, fields [json-pointer:/blocks/0]',
    ],
    [
      'eleven fields',
      inMessage({ type: 'section', fields: Array.from({ length: 11 }, () => plain('x')) }),
      'no more than 10 items allowed [json-pointer:/blocks/0/fields]',
    ],
    [
      'a field of 2001 characters',
      inMessage({ type: 'section', fields: [plain('x'.repeat(2_001))] }),
      'must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]',
    ],
    [
      'a header in mrkdwn',
      inMessage({ type: 'header', text: { type: 'mrkdwn', text: 'x' } }),
      'must be a valid enum value [json-pointer:/blocks/0/text/type]',
    ],
    [
      'a header of 151 characters',
      inMessage({ type: 'header', text: plain('x'.repeat(151)) }),
      'must be less than 151 characters [json-pointer:/blocks/0/text/text]',
    ],
    [
      'a button text of 76 characters',
      inMessage(actions(button({ text: plain('x'.repeat(76)) }))),
      'must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]',
    ],
    [
      'a button value of 2001 characters',
      inMessage(actions(button({ value: 'x'.repeat(2_001) }))),
      'must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]',
    ],
    [
      'an unknown style',
      inMessage(actions(button({ style: 'green' }))),
      'must be a valid enum value [json-pointer:/blocks/0/elements/0/style]',
    ],
    [
      '26 buttons',
      inMessage(actions(...Array.from({ length: 26 }, (_, index) => button({ action_id: `a${index}` })))),
      'no more than 25 items allowed [json-pointer:/blocks/0/elements]',
    ],
    [
      'eleven context elements',
      inMessage({ type: 'context', elements: Array.from({ length: 11 }, () => plain('x')) }),
      'no more than 10 items allowed [json-pointer:/blocks/0/elements]',
    ],
    [
      'a button in a context',
      inMessage({ type: 'context', elements: [button()] }),
      'unsupported type: button [json-pointer:/blocks/0/elements/0/type]',
    ],
    ['an unknown block', inMessage({ type: 'sections' }), 'unsupported type: sections [json-pointer:/blocks/0/type]'],
    [
      'a misspelt property',
      inMessage({ ...section('x'), acessory: button() }),
      'invalid additional property: acessory [json-pointer:/blocks/0]',
    ],
    [
      'a long action_id',
      inMessage(actions(button({ action_id: 'x'.repeat(256) }))),
      'must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]',
    ],
    [
      'a block_id twice',
      inMessage({ ...section('x'), block_id: 'b' }, { ...section('y'), block_id: 'b' }),
      'block_id already exists: b [json-pointer:/blocks/1/block_id]',
    ],
    [
      'an action_id twice in a block',
      inMessage(actions(button(), button())),
      'action_id already exists: go [json-pointer:/blocks/0/elements/1/action_id]',
    ],
    [
      '101 options',
      inModal([input(select(101))]),
      'no more than 100 items allowed [json-pointer:/view/blocks/0/element/options]',
    ],
    [
      'no options',
      inModal([input(select(0))]),
      'no fewer than 1 items allowed [json-pointer:/view/blocks/0/element/options]',
    ],
    [
      'an option text of 76 characters',
      inModal([input(select(1, { options: [option('a', 'x'.repeat(76))] }))]),
      'must be less than 76 characters [json-pointer:/view/blocks/0/element/options/0/text/text]',
    ],
    [
      'an option value of 151 characters',
      inModal([input(select(1, { options: [option('x'.repeat(151), 'a')] }))]),
      'must be less than 151 characters [json-pointer:/view/blocks/0/element/options/0/value]',
    ],
    [
      'an initial option that is not offered',
      inModal([input(select(1, { initial_option: option('other') }))]),
      'initial_option must match one of options [json-pointer:/view/blocks/0/element/initial_option]',
    ],
    [
      'six overflow options',
      inMessage({
        ...section('x'),
        accessory: {
          type: 'overflow',
          action_id: 'o',
          options: Array.from({ length: 6 }, (_, index) => option(`${index}`)),
        },
      }),
      'no more than 5 items allowed [json-pointer:/blocks/0/accessory/options]',
    ],
    [
      'a placeholder of 151 characters',
      inModal([input({ type: 'plain_text_input', placeholder: plain('x'.repeat(151)) })]),
      'must be less than 151 characters [json-pointer:/view/blocks/0/element/placeholder/text]',
    ],
    [
      'a max_length over 3000',
      inModal([input({ type: 'plain_text_input', max_length: 3_001 })]),
      'must be less than or equal to 3000 [json-pointer:/view/blocks/0/element/max_length]',
    ],
    [
      'a label of 2001 characters',
      inModal([input({ type: 'plain_text_input' }, { label: plain('x'.repeat(2_001)) })]),
      'must be less than 2001 characters [json-pointer:/view/blocks/0/label/text]',
    ],
    [
      'a confirm title of 101 characters',
      inMessage(
        actions(
          button({
            confirm: { title: plain('x'.repeat(101)), text: plain('a'), confirm: plain('a'), deny: plain('b') },
          }),
        ),
      ),
      'must be less than 101 characters [json-pointer:/blocks/0/elements/0/confirm/title/text]',
    ],
    [
      'a modal title of 25 characters',
      inModal([], { title: plain('x'.repeat(25)) }),
      'must be less than 25 characters [json-pointer:/view/title/text]',
    ],
    [
      'private_metadata of 3001 characters',
      inModal([], { private_metadata: 'x'.repeat(3_001) }),
      'must be less than 3001 characters [json-pointer:/view/private_metadata]',
    ],
    [
      'a callback_id of 256 characters',
      inModal([], { callback_id: 'x'.repeat(256) }),
      'must be less than 256 characters [json-pointer:/view/callback_id]',
    ],
    [
      '101 blocks in a view',
      inModal(Array.from({ length: 101 }, () => ({ type: 'divider' }))),
      'no more than 100 items allowed [json-pointer:/view/blocks]',
    ],
    [
      'an input without submit',
      inSlacksWords(checkView({ type: 'modal', title: plain('t'), blocks: [input({ type: 'plain_text_input' })] })),
      'missing required field: submit [json-pointer:/view]',
    ],
    [
      'markdown in a modal',
      inModal([{ type: 'markdown', text: 'x' }]),
      'unsupported type: markdown [json-pointer:/view/blocks/0/type]',
    ],
    [
      'a file input in a message',
      inMessage(input({ type: 'file_input' })),
      'unsupported type: file_input [json-pointer:/blocks/0/element/type]',
    ],
    [
      'a button as input',
      inModal([input(button())]),
      'unsupported type: button [json-pointer:/view/blocks/0/element/type]',
    ],
    [
      'a home tab with a title',
      inSlacksWords(checkView({ type: 'home', title: plain('t'), blocks: [] })),
      'invalid additional property: title [json-pointer:/view]',
    ],
    [
      '12,001 characters of markdown in two blocks',
      inMessage({ type: 'markdown', text: 'x'.repeat(6_001) }, { type: 'markdown', text: 'x'.repeat(6_000) }),
      'markdown text must be less than 12001 characters in all [json-pointer:/blocks]',
    ],
  ];

  it.each(cases)('%s', (_name, found, expected) => {
    expect(found).toContain(expected);
  });

  it('puts the schema line before the reason for a text object, as Slack does', () => {
    expect(inMessage(section('x'.repeat(3_001)))).toEqual([
      'failed to match all allowed schemas [json-pointer:/blocks/0/text]',
      'must be less than 3001 characters [json-pointer:/blocks/0/text/text]',
    ]);
  });
});
