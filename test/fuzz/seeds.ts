/** Valid inputs of the Slack side, to be changed. */
import { commands } from '../../src/slack/door/commands/registry.ts';
import { actionPayload, commandPayload } from '../../src/slack/door/payloads.ts';
import { readTyped } from '../../src/slack/door/typed-text.ts';

const WORDS = [
  ...commands.map(({ name }) => name),
  ...[
    'orders-db',
    'users-db',
    'read',
    'write',
    'orders-db/read',
    '30m',
    '1h',
    'from 22:00',
    'until Friday',
    'for',
    'OPS-12',
  ],
  ...[
    '<@U0OMAR|omar>',
    '@omar',
    'omar@acme.test',
    'all',
    'sev1',
    'confirm',
    'close',
    'reopen',
    'allow',
    'alert',
    'why',
  ],
];
export const COMMANDS = {
  seeds: [
    'orders-db read 30m checkout errors OPS-12',
    'orders-db write from tomorrow 9am 1h <@U0OMAR|omar> asked "until 5"',
    ...['extend abc 30m more', 'revoke <@U0OMAR|omar>', 'allow <@U0OMAR|omar> orders-db read for 2d', 'who orders-db'],
    ...['away until Friday <@U0OMAR|omar>', 'break-glass orders-db write it burns', 'incident sev1', 'review allow @x'],
    ...['explain orders-db write <@U0ANA> for alert lag critical', 'people confirm a@b.test <@U0OMAR>', 'done 1', ''],
  ],
  words: WORDS,
};

export const VALUES = {
  seeds: ['01hzyx', 'orders-db/read', 'C1 alert 01ab', 'justified 01ab', '{"target":"orders-db","role":"read"}'],
  max: 3_000,
};

const field = (block: string, inputs: object) => ({ [block]: { [block]: inputs } });
const text = (block: string, value: string) => field(block, { type: 'plain_text_input', value });
const choice = (block: string, value: string) => field(block, { type: 'static_select', selected_option: { value } });
const state = {
  ...choice('target', 'orders-db'),
  'role:orders-db': { role: { type: 'static_select', selected_option: { value: 'read' } } },
  'duration:orders-db/read': { duration: { type: 'static_select', selected_option: { value: '30m' } } },
  ...text('reason', 'checkout errors'),
  ...text('ticket', 'OPS-1'),
  ...field('start', { type: 'datetimepicker', selected_date_time: 1_790_000_000 }),
  ...choice('role', 'read'),
  ...choice('duration', '30m'),
  ...text('note', 'fine'),
};
export const formPayloads = (userId: string): string[] =>
  [
    '',
    '01ab',
    '01ab home',
    'justified 01ab',
    'all',
    'person U1',
    '{"target":"orders-db","role":"write","durationMs":1}',
  ].map((metadata) =>
    JSON.stringify({
      user: { id: userId },
      view: { id: 'V1', type: 'modal', private_metadata: metadata, state: { values: state } },
    }),
  );

/** As the listener hands it on. */
export const typedAs = (text: string): string =>
  readTyped(commandPayload.parse({ user_id: 'U1', team_id: 'T1', trigger_id: '1.2', text }).text);

export const clickedAs = (value: string): string =>
  actionPayload.parse({ user: { id: 'U1' }, actions: [{ action_id: 'a', value }] }).actions[0]?.value ?? '';
