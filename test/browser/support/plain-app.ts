/** A plain Bolt app that is not ours: a form with every kind of field, and messages with every kind of block. */
import type { App } from '@slack/bolt';
import type { KnownBlock } from '@slack/types';

type Blocks = KnownBlock[];

const plain = (text: string) => ({ type: 'plain_text' as const, text });
const md = (text: string) => ({ type: 'mrkdwn' as const, text });
const option = (value: string, text = value) => ({ text: plain(text), value });

const everyBlock = (atS: number): Blocks => [
  { type: 'header', text: plain('Orders database · Read-write') },
  {
    type: 'section',
    text: md(
      `<@U0ADA> asks for *write* on \`orders-db\` until <!date^${atS}^{time}|later>. _Carefully_, ~not~ at once.\n>checkout errors since 14:00\n>order 1183 is stuck\n• one\n• two`,
    ),
    accessory: {
      type: 'overflow',
      action_id: 'more',
      options: [option('explain', 'Explain'), option('report', 'Report')],
    },
  },
  {
    type: 'section',
    fields: [
      md('*Target*\norders-db'),
      md('*Role*\nRead-write'),
      md('*For*\n30 min'),
      md('*Ticket*\n<https://example.test/OPS-12|OPS-12>'),
    ],
  },
  { type: 'context', elements: [md(':warning: Holds customer addresses. Asked in <#C0ACCESS> for <!subteam^S0SRE>.')] },
  { type: 'divider' },
  {
    type: 'actions',
    block_id: 'vote',
    elements: [
      { type: 'button', action_id: 'approve', style: 'primary', value: 'r1', text: plain('Approve') },
      {
        type: 'button',
        action_id: 'deny',
        style: 'danger',
        value: 'r1',
        text: plain('Deny'),
        confirm: {
          title: plain('Deny it?'),
          text: md('They will be *told*.'),
          confirm: plain('Deny'),
          deny: plain('Back'),
          style: 'danger',
        },
      },
      {
        type: 'static_select',
        action_id: 'shorter',
        placeholder: plain('Shorter…'),
        options: [option('15m', '15 minutes'), option('10m', '10 minutes')],
      },
    ],
  },
];

const targets = ['orders-db', 'billing-db', 'warehouse', 'mailer', 'search'];

const formView = (more: { extra?: boolean } = {}) => ({
  type: 'modal' as const,
  callback_id: 'form',
  title: plain('Ask for access'),
  submit: plain('Send'),
  close: plain('Cancel'),
  blocks: [
    {
      type: 'input' as const,
      block_id: 'target',
      label: plain('Target'),
      dispatch_action: true,
      element: {
        type: 'external_select' as const,
        action_id: 'target',
        min_query_length: 0,
        placeholder: plain('Search targets'),
      },
    },
    ...(more.extra === true
      ? [
          {
            type: 'input' as const,
            block_id: 'role',
            label: plain('Role'),
            element: {
              type: 'static_select' as const,
              action_id: 'role',
              options: [option('read', 'Read only'), option('write', 'Read-write')],
            },
          },
        ]
      : []),
    {
      type: 'input' as const,
      block_id: 'for',
      label: plain('How long'),
      element: {
        type: 'radio_buttons' as const,
        action_id: 'for',
        initial_option: option('30m', '30 minutes'),
        options: [option('15m', '15 minutes'), option('30m', '30 minutes')],
      },
    },
    {
      type: 'input' as const,
      block_id: 'reason',
      label: plain('Reason'),
      hint: plain('What you will do, not only where.'),
      element: {
        type: 'plain_text_input' as const,
        action_id: 'reason',
        multiline: true,
        max_length: 200,
        placeholder: plain('Why now'),
      },
    },
    {
      type: 'input' as const,
      block_id: 'ticket',
      optional: true,
      label: plain('Ticket'),
      element: { type: 'plain_text_input' as const, action_id: 'ticket', placeholder: plain('OPS-12') },
    },
    {
      type: 'input' as const,
      block_id: 'watchers',
      optional: true,
      label: plain('Tell also'),
      element: { type: 'multi_users_select' as const, action_id: 'watchers', placeholder: plain('People') },
    },
    {
      type: 'input' as const,
      block_id: 'day',
      optional: true,
      label: plain('From'),
      element: { type: 'datepicker' as const, action_id: 'day' },
    },
  ],
});

export type Seen = { submitted: Record<string, unknown>[]; clicks: string[]; previews: string[] };

const credentials = {
  type: 'modal' as const,
  title: plain('Credentials'),
  close: plain('Close'),
  blocks: [
    { type: 'section' as const, text: md('*User*') },
    {
      type: 'rich_text' as const,
      elements: [
        { type: 'rich_text_preformatted' as const, elements: [{ type: 'text' as const, text: 'lk_ada_7f3a' }] },
      ],
    },
    { type: 'section' as const, text: md('*Password*') },
    {
      type: 'rich_text' as const,
      elements: [
        { type: 'rich_text_preformatted' as const, elements: [{ type: 'text' as const, text: 'open-sesame' }] },
      ],
    },
  ],
};

const serveCommands = (app: App): void => {
  app.command('/access', async ({ ack, command, client, respond }) => {
    await ack();
    if (command.text === 'help')
      return void (await respond({ text: 'Only you read this help.', response_type: 'ephemeral' }));
    if (command.text === 'credentials')
      return void (await client.views.open({ trigger_id: command.trigger_id, view: credentials }));
    if (command.text === 'post') {
      const blocks = everyBlock(Math.floor(Date.now() / 1_000) + 1_800);
      return void (await client.chat.postMessage({ channel: command.channel_id, text: 'A request', blocks }));
    }
    await client.views.open({ trigger_id: command.trigger_id, view: formView() });
  });
};

const serveForm = (app: App, seen: Seen): void => {
  app.options('target', async ({ ack, payload }) => {
    await ack({ options: targets.filter((name) => name.includes(payload.value)).map((name) => option(name)) });
  });
  app.action('target', async ({ ack, body, client }) => {
    await ack();
    if (body.type !== 'block_actions' || body.view === undefined) return;
    await client.views.update({ view_id: body.view.id, view: formView({ extra: true }) });
  });
  app.view('form', async ({ ack, view, body, client }) => {
    const values = view.state.values;
    const reason = values['reason']?.['reason']?.value ?? '';
    if (reason.length < 10)
      return ack({ response_action: 'errors', errors: { reason: 'Say a little more: at least 10 characters.' } });
    seen.submitted.push(values);
    await ack();
    await client.chat.postMessage({
      channel: body.user.id,
      text: `Sent: ${reason.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')}`,
    });
  });
};

/** Comes into channels of incidents by itself, and says so there. */
const serveIncidents = (app: App): void => {
  app.event('channel_created', async ({ event, client }) => {
    const { id, name } = event.channel;
    if (!name.startsWith('inc-')) return;
    await client.conversations.join({ channel: id });
    await client.chat.postMessage({
      channel: id,
      text: 'An incident',
      blocks: [
        { type: 'section', text: md('*Access for this incident.* On call is <@U0OSCAR>.') },
        {
          type: 'actions',
          elements: [
            { type: 'button', action_id: 'approve', style: 'primary', value: id, text: plain('Request access') },
          ],
        },
      ],
    });
  });
};

/** What it saw is in the answer. */
export const setUpPlainApp = (app: App): Seen => {
  const seen: Seen = { submitted: [], clicks: [], previews: [] };
  serveCommands(app);
  serveForm(app, seen);
  serveIncidents(app);
  app.action(/^(approve|deny|more|shorter)$/, async ({ ack, body, action, client }) => {
    await ack();
    if (body.type !== 'block_actions' || body.channel === undefined || body.message === undefined) return;
    const id = 'action_id' in action ? action.action_id : '';
    seen.clicks.push(`${body.user.id} ${id}`);
    if (id !== 'approve') return;
    await client.chat.update({
      channel: body.channel.id,
      ts: body.message.ts,
      text: 'Approved',
      blocks: [{ type: 'section', text: md(`*Approved* by <@${body.user.id}>.`) }],
    });
  });
  app.event('app_home_opened', async ({ event, client }) => {
    if (event.tab !== 'home') return;
    await client.views.publish({
      user_id: event.user,
      view: {
        type: 'home',
        blocks: [
          { type: 'header', text: plain('You have') },
          { type: 'section', text: md('No access to production now. That is how it should be.') },
          {
            type: 'actions',
            elements: [{ type: 'button', action_id: 'ask', style: 'primary', text: plain('Ask for access') }],
          },
        ],
      },
    });
  });
  app.action('ask', async ({ ack, body, client }) => {
    await ack();
    if (body.type === 'block_actions') await client.views.open({ trigger_id: body.trigger_id, view: formView() });
  });
  return seen;
};
