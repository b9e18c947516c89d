/** Makes pictures of the real app in the demo, to look at, in `.data/screenshots/`, and the README's: `npm run screenshots`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import * as steps from './support/demo.ts';
import type { Demo } from './support/demo.ts';
import { drawingOf } from './support/drawing.ts';

const folder = fileURLToPath(new URL('../../.data/screenshots/', import.meta.url));
const readmePicture = fileURLToPath(new URL('../../docs/images/approval.svg', import.meta.url));
const viewport = { width: 1_280, height: 800 };
const WHY = 'Checkout errors since 14:00. I want to see why order 1183 is stuck.';

const shoot = async (page: Page, name: string): Promise<void> => {
  // A pointer over a message would draw its tools.
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${folder}${name}.png`, animations: 'disabled', caret: 'hide' });
};

const ask = async (ana: Page): Promise<void> => {
  await steps.composer(ana).pressSequentially('/prod');
  await ana.getByRole('option', { name: /prod-access/ }).waitFor();
  await shoot(ana, 'command');
  const form = await steps.openForm(ana);
  await steps.fillForm(form, { role: /Read-write/, why: 'now' });
  await form.getByRole('button', { name: 'Send', exact: true }).click();
  await form.getByRole('alert').waitFor();
  await shoot(ana, 'form-error');
  await form.getByRole('combobox', { name: 'Role' }).click();
  await form.getByRole('option', { name: /Read only/ }).click();
  await form.getByRole('textbox', { name: 'Why' }).fill(WHY);
  await form.getByText(/Reads need one owner/).waitFor();
  await shoot(ana, 'form');
  await steps.sendForm(ana, form);
};

const decide = async (demo: Demo): Promise<void> => {
  const dana = await demo.open('dana', { query: '&at=prod-access', viewport });
  const asked = steps.messageWith(dana, WHY);
  await asked.getByRole('button', { name: 'Deny' }).click();
  const form = dana.getByRole('dialog', { name: 'Deny request' });
  await form.getByRole('textbox', { name: 'Why not' }).fill('The report of stuck orders shows this already.');
  await shoot(dana, 'deny');
  await dana.keyboard.press('Escape');
  await form.waitFor({ state: 'detached' });
  await shoot(dana, 'approval');
  await dana.setViewportSize({ width: 1_160, height: 800 });
  writeFileSync(readmePicture, await drawingOf(asked, 760));
  await dana.setViewportSize(viewport);
  await dana.getByRole('button', { name: 'Hide production' }).click();
  await asked.hover();
  await dana
    .getByRole('button', { name: /^Reply in thread/ })
    .last()
    .click();
  await dana.getByRole('textbox', { name: 'Reply…' }).fill('Is five minutes enough?');
  await dana.keyboard.press('Enter');
  await dana.getByRole('main').getByText('1 reply').waitFor();
  await shoot(dana, 'thread');
  await asked.getByRole('button', { name: 'Approve', exact: true }).click();
  await asked.getByText(/^Active/).waitFor();
  await dana.getByRole('button', { name: 'You are Dana Brandt. Be somebody else' }).click();
  await shoot(dana, 'people');
};

const use = async (ana: Page): Promise<void> => {
  await steps.openApp(ana);
  const shown = await steps.showCredentials(ana);
  await shoot(ana, 'credentials');
  await shown.getByRole('button', { name: 'Close' }).last().click();
  const panel = steps.panel(ana);
  await steps.logIn(ana);
  await panel.getByRole('button', { name: 'Select' }).click();
  await panel.getByRole('cell').first().waitFor();
  await shoot(ana, 'logged-in');
  await panel.getByRole('button', { name: 'Update' }).click();
  await panel.getByText('Refused: this role may not do that.').waitFor();
  await shoot(ana, 'write-refused');
  await panel.getByRole('button', { name: 'End in 10 s' }).click();
  await panel.getByText('The session was cut. The access is over.').waitFor({ timeout: 40_000 });
  await steps
    .words(ana, /^Ended/)
    .last()
    .waitFor();
  await shoot(ana, 'ended');
};

/** What is left over from the story, in other lights. */
const looks = async (demo: Demo): Promise<void> => {
  const ana = await demo.open('ana', { query: '&at=prod-access', viewport });
  await steps.typeLine(ana, '/prod-access orders-db write 5m repair order 1183 by hand, with Dana watching');
  await steps.messageWith(ana, 'repair order 1183 by hand').waitFor();
  await steps.typeLine(ana, '/prod-access help');
  await steps.words(ana, 'Only visible to you').last().waitFor();
  await shoot(ana, 'only-you');
  const dana = await demo.open('dana', { query: '&at=@latchkey&tab=home', viewport });
  await dana.getByRole('tabpanel').getByText('repair order 1183 by hand').waitFor();
  await shoot(dana, 'home');
  const dark = await demo.open('omar', { query: '&at=prod-access', viewport, colorScheme: 'dark' });
  await steps.messageWith(dark, 'repair order 1183 by hand').waitFor();
  await shoot(dark, 'dark');
  const form = await steps.openForm(dark);
  await steps.fillForm(form, { role: /Read-write/, why: WHY });
  await shoot(dark, 'dark-form');
  const narrow = await demo.open('sam', { query: '&at=prod-access', viewport: { width: 390, height: 780 } });
  await steps.messageWith(narrow, 'repair order 1183 by hand').waitFor();
  await shoot(narrow, 'narrow');
  await narrow.getByRole('button', { name: 'Show channels' }).click();
  await narrow.getByRole('navigation').waitFor();
  await shoot(narrow, 'narrow-channels');
};

const ROOM = 'inc-7-orders';

/** An incident from its first message to its timeline, in both lights and on a narrow screen. */
const incident = async (demo: Demo): Promise<void> => {
  const tall = { width: 1_280, height: 1_000 };
  const kim = await demo.open('kim', { query: '&at=general', viewport: tall });
  await steps.makeChannel(kim, ROOM);
  await steps.promptIn(kim, ROOM).getByText('Orders database').first().waitFor();
  await shoot(kim, 'incident');
  const ana = await demo.open('ana', { query: `&at=${ROOM}`, viewport: tall, colorScheme: 'dark' });
  await ana.getByRole('button', { name: /^Join/ }).click();
  await steps.promptIn(ana, ROOM).getByRole('button', { name: "I'm on call: read now" }).click();
  await steps.words(ana, /You do not get in at once/).waitFor();
  await steps.promptIn(kim, ROOM).getByRole('button', { name: "I'm on call: read now" }).click();
  await steps
    .promptIn(kim, ROOM)
    .getByText(/● kim · Orders database/)
    .waitFor();
  await steps.typeLine(ana, '/prod-access orders-db write 5m set order 1183 to paid, the customer waits');
  await steps.promptIn(ana, ROOM).getByText('Waits for approval').waitFor();
  await shoot(ana, 'incident-dark');
  const narrow = await demo.open('dana', { query: `&at=${ROOM}`, viewport: { width: 390, height: 1_400 } });
  await steps.promptIn(narrow, ROOM).getByText('Waits for approval').waitFor();
  await shoot(narrow, 'incident-narrow');
  await steps.promptIn(narrow, ROOM).getByRole('button', { name: 'Request access' }).first().click();
  await narrow
    .getByRole('dialog', { name: 'Ask for access' })
    .getByText(/For the incident in/)
    .waitFor();
  await shoot(narrow, 'incident-form');
  await steps.typeLine(kim, '/prod-access incident close');
  await steps
    .words(kim, /What was taken for it ends at/)
    .first()
    .waitFor();
  await shoot(kim, 'incident-closing');
  const holder = await demo.open('kim', { query: '&at=@latchkey&tab=messages', viewport: tall, colorScheme: 'dark' });
  await steps
    .words(holder, /Keep mine until its own end/)
    .first()
    .waitFor();
  await shoot(holder, 'incident-holder');
  await steps.messageWith(kim, 'Timeline · Incident').getByText('1 reply').click({ timeout: 60_000 });
  await kim.getByRole('link', { name: /Markdown/ }).waitFor();
  await shoot(kim, 'incident-timeline');
};

/** `npm run screenshots -- incident` makes those of the incident alone. */
const isIncidentOnly = process.argv.includes('incident');

mkdirSync(folder, { recursive: true });
const demo = await steps.startDemo();
try {
  if (!isIncidentOnly) {
    const ana = await demo.open('ana', { query: '&at=general', viewport });
    await ask(ana);
    await decide(demo);
    await use(ana);
    await looks(demo);
  }
  await incident(demo);
} finally {
  await demo.stop();
}
if (demo.problems.length > 0) throw new Error(demo.problems.join('\n'));
