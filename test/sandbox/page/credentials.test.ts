import { expect, it } from 'vitest';
import type { Block } from '../../../sandbox/src/page-server/protocol.ts';
import { credentialsIn } from '../../../sandbox/src/page/world/credentials.ts';

const view = (...blocks: Block[]) => ({
  id: 'V1',
  type: 'modal' as const,
  title: 'Credentials',
  submit: null,
  close: null,
  blocks,
  isSubmitDisabled: false,
  isRoot: true,
  values: {},
  errors: {},
});
const section = (text: string): Block => ({ type: 'section', text: { type: 'mrkdwn', text } });
const code = (text: string): Block => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text }] }],
});

it('takes a value from the code under its label', () => {
  const shown = view(
    section('*Host*'),
    code('127.0.0.1'),
    section('*User*'),
    code('lk_1'),
    section('*Password*'),
    code('s3'),
  );
  expect(credentialsIn(shown)).toEqual({ user: 'lk_1', password: 's3' });
});

it('takes both from a connection address, decoded', () => {
  const shown = view(section('*URL*'), code('postgresql://lk_1:a%2Fb@127.0.0.1:5432/shop'));
  expect(credentialsIn(shown)).toEqual({ user: 'lk_1', password: 'a/b' });
});

it('takes them from lines of text', () => {
  expect(credentialsIn(view(section('User: `lk_1`\nPassword: `s3`')))).toEqual({ user: 'lk_1', password: 's3' });
});

it('finds nothing in a modal that shows none', () => {
  expect(credentialsIn(view(section('Fetching your credentials…'), section('*User*'), code('lk_1')))).toBeUndefined();
});
