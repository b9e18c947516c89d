/** Three o'clock at night in the demo: an incident from the channel that is made to the timeline that is left, as people see it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as steps from './support/demo.ts';
import type { Demo } from './support/demo.ts';
import { countTaps, notTappable, phone } from './support/taps.ts';

let demo: Demo;

beforeAll(async () => {
  demo = await steps.startDemo();
}, 240_000);

afterAll(async () => {
  await demo.stop();
}, 60_000);

const CHANNEL = 'inc-7-orders';
const WHY = 'set order 1183 to paid, the customer waits';

it('finds people: the message is there first, on-call reads, a write is agreed to, and all of it ends', async () => {
  const ana = await demo.open('ana', { query: '&at=general' });
  await steps.makeChannel(ana, CHANNEL);
  await steps.promptIn(ana, CHANNEL).getByText('Orders database').first().waitFor();

  // Ana is not on call: she is told so, and nobody is asked because of it.
  const readNow = { name: "I'm on call: read now" };
  await steps.promptIn(ana, CHANNEL).getByRole('button', readNow).click();
  await steps.words(ana, /You do not get in at once/).waitFor();

  // Kim is, and has a phone in her hand: two taps from the message to the access.
  const atNight = await demo.open('kim', { ...phone, query: `&at=${CHANNEL}` });
  await atNight.getByRole('button', { name: /^Join/ }).tap();
  const prompt = steps.promptIn(atNight, CHANNEL);
  await prompt.getByRole('button', readNow).waitFor();
  expect(await notTappable(prompt.locator('.block').getByRole('button'))).toEqual([]);
  const taps = await countTaps(atNight);
  await prompt.getByRole('button', { name: 'Confirm the incident' }).tap();
  await prompt.getByRole('button', readNow).tap();
  await steps
    .promptIn(ana, CHANNEL)
    .getByText(/🟢 kim[^·]*· Orders database · Read only · until/i)
    .waitFor();
  expect(await taps.made()).toBe(2);
  const kim = await demo.open('kim', { query: `&at=${CHANNEL}` });

  await steps.typeLine(ana, `/prod-access orders-db write 5m ${WHY}`);
  for (const who of ['dana', 'omar']) {
    const approver = await demo.open(who, { query: `&at=${CHANNEL}` });
    const theirs = steps.promptIn(approver, CHANNEL);
    await theirs.getByText(WHY).waitFor();
    await theirs.getByRole('button', { name: 'Approve', exact: true }).click();
    await theirs
      .getByText(who === 'dana' ? /waits for one of sre/ : /🟢 ana[^·]*· Orders database · Read-write · until/i)
      .waitFor();
  }

  await steps.openApp(ana);
  await (await steps.showCredentials(ana)).getByRole('button', { name: 'Close' }).last().click();
  await steps.logIn(ana);
  await steps.panel(ana).getByRole('button', { name: 'Update' }).click();
  await steps
    .panel(ana)
    .getByText(/UPDATE/)
    .first()
    .waitFor();

  await steps.typeLine(kim, '/prod-access incident close');
  await steps
    .words(ana, /Keep mine until it expires/)
    .first()
    .waitFor();
  // The panel counts down to the end that comes with the incident, and not to its own.
  await steps
    .panel(ana)
    .getByText(/^0:\d\d$/)
    .first()
    .waitFor();
  await steps.panel(ana).getByText('The session was cut. The access is over.').waitFor({ timeout: 60_000 });
  await steps.panel(kim).getByText('Nobody has access now.').waitFor();

  const timeline = steps.messageWith(kim, `Timeline · Incident #${CHANNEL}`);
  await timeline.getByText(/2 people were in one target/).waitFor({ timeout: 60_000 });
  await timeline.getByText('1 reply').waitFor();
  await timeline.getByText('1 reply').click();
  const file = kim.getByRole('link', { name: new RegExp(`Timeline of #${CHANNEL} .Markdown`) });
  await file.waitFor();
  const page = await kim.request.get(new URL((await file.getAttribute('href')) ?? '', kim.url()).href);
  expect(await page.text()).toMatch(/^# Incident/);
  await steps.words(kim, `Incident #${CHANNEL} is closed`).first().waitFor();
  expect(demo.problems).toEqual([]);
}, 240_000);
