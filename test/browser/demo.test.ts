/** The real app in the demo, clicked through as its first visitors do it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import * as steps from './support/demo.ts';
import type { Demo } from './support/demo.ts';
import { countTaps, notTappable, phone } from './support/taps.ts';

let demo: Demo;

beforeAll(async () => {
  demo = await steps.startDemo();
}, 240_000);

afterEach(async () => {
  await demo.closeAll();
  const problems = demo.problems.splice(0);
  if (problems.length > 0) throw new Error(`The page failed:\n${problems.join('\n')}`);
});

afterAll(async () => {
  await demo.stop();
}, 60_000);

const WHY = 'look at order 1183, which is stuck';

describe('access that is lent', () => {
  it('is asked for in one window, approved in another, used, cut at its end, and gone', async () => {
    const ana = await demo.open('ana', { query: '&at=general' });
    const dana = await demo.open('dana', { query: '&at=prod-access' });
    const form = await steps.openForm(ana);
    await steps.fillForm(form, { role: /Read only/, why: WHY });
    await steps.sendForm(ana, form);

    const asked = steps.messageWith(dana, WHY);
    await asked.getByRole('button', { name: 'Approve', exact: true }).click();
    await asked.getByText(/^Active/).waitFor();
    expect(await asked.getByRole('button', { name: 'Approve', exact: true }).count()).toBe(0);

    await steps.openApp(ana);
    await (await steps.showCredentials(ana)).getByRole('button', { name: 'Close' }).last().click();
    await steps.logIn(ana);
    const panel = steps.panel(ana);
    await panel.getByRole('button', { name: 'Select' }).click();
    await panel.getByRole('cell').first().waitFor();
    await panel.getByRole('button', { name: 'Update' }).click();
    await panel.getByText('Refused: this role may not do that.').waitFor();

    await panel.getByRole('button', { name: 'End in 10 s' }).click();
    await panel.getByText('The session was cut. The access is over.').waitFor({ timeout: 90_000 });
    await panel.getByText('Nobody has access now.').waitFor();
    await steps
      .words(ana, /^Ended/)
      .first()
      .waitFor();
    await panel.getByRole('button', { name: 'Try to log in again' }).click();
    await steps.logIn(ana);
    await panel.getByText('The login was refused.').waitFor();
    await panel.getByText(/^7 of \d+$/).waitFor();
  }, 120_000);

  it('is denied with a reason, which the one who asked reads', async () => {
    const ana = await demo.open('ana', { query: '&at=general' });
    const dana = await demo.open('dana', { query: '&at=prod-access' });
    await steps.typeLine(ana, '/prod-access orders-db read 5m curious about order 1184');
    await steps.messageWith(dana, 'curious about order 1184').getByRole('button', { name: 'Deny' }).click();
    const form = dana.getByRole('dialog', { name: 'Deny request' });
    await form.getByRole('button', { name: 'Deny' }).click();
    await form.getByText('Please complete this required field.').waitFor();
    await form.getByRole('textbox', { name: 'Why not' }).fill('Use the report <orders> instead');
    await form.getByRole('button', { name: 'Deny' }).click();
    await form.waitFor({ state: 'detached' });
    await steps.openApp(ana);
    // Once: the message of the request says it, and nothing says it again.
    await expect.poll(() => steps.words(ana, 'Use the report <orders> instead').count()).toBe(1);
  });

  it('cannot be approved by the one who asks, who alone is told so', async () => {
    const ana = await demo.open('ana', { query: '&at=prod-access' });
    const dana = await demo.open('dana', { query: '&at=prod-access' });
    await steps.typeLine(ana, '/prod-access orders-db read 5m count the orders of today');
    await steps
      .messageWith(ana, 'count the orders of today')
      .getByRole('button', { name: 'Approve', exact: true })
      .click();
    await steps.words(ana, 'Only visible to you').last().waitFor();
    await steps.messageWith(dana, 'count the orders of today').waitFor();
    expect(await steps.words(dana, 'Only visible to you').count()).toBe(0);
  });
});

describe('the form', () => {
  it('says under the field what is wrong, and keeps what was typed', async () => {
    const ana = await demo.open('ana', { query: '&at=general' });
    const form = await steps.openForm(ana);
    await steps.fillForm(form, { role: /Read-write/, why: 'short' });
    await form.getByRole('button', { name: 'Request access', exact: true }).click();
    const why = form.getByRole('textbox', { name: 'Reason' });
    await expect.poll(() => why.getAttribute('aria-invalid')).toBe('true');
    expect(await form.getByRole('alert').textContent()).toMatch(/10/);
    expect(await why.inputValue()).toBe('short');
    await ana.keyboard.press('Escape');
    await form.waitFor({ state: 'detached' });
  });

  it('is somebody’s own: another window of another person does not see it', async () => {
    const ana = await demo.open('ana', { query: '&at=general' });
    const omar = await demo.open('omar', { query: '&at=general' });
    const form = await steps.openForm(ana);
    expect(await omar.getByRole('dialog').count()).toBe(0);
    await form.getByRole('button', { name: 'Cancel' }).last().click();
    await form.waitFor({ state: 'detached' });
  });
});

describe('the home tab', () => {
  it('shows an approver what waits for them, and they decide there', async () => {
    const ana = await demo.open('ana', { query: '&at=general' });
    await steps.typeLine(ana, '/prod-access orders-db read 5m compare two orders by hand');
    const dana = await demo.open('dana', { query: '&at=prod-access' });
    await steps.messageWith(dana, 'compare two orders by hand').waitFor();
    await dana.goto(dana.url().replace('at=prod-access', 'at=@latchkey&tab=home'));
    const home = dana.getByRole('tabpanel');
    await home.getByText('compare two orders by hand').waitFor();
    const before = await home.getByRole('button', { name: 'Approve', exact: true }).count();
    await home.getByRole('button', { name: 'Approve', exact: true }).first().click();
    await expect
      .poll(() => home.getByRole('button', { name: 'Approve', exact: true }).count(), { timeout: 60_000 })
      .toBeLessThan(before);
  });

  it('opens the form by keyboard alone', async () => {
    const kim = await demo.open('kim', { query: '&at=@latchkey&tab=home' });
    const ask = kim.getByRole('tabpanel').getByRole('button', { name: 'Request access', exact: true });
    await ask.focus();
    await kim.keyboard.press('Enter');
    await kim.getByRole('dialog', { name: 'Request access' }).getByRole('combobox', { name: 'Target' }).waitFor();
    await kim.keyboard.type('orders');
    await kim.getByRole('option', { name: /Orders/ }).waitFor();
    await kim.keyboard.press('Enter');
    await kim.getByRole('combobox', { name: 'Role' }).waitFor();
    await kim.keyboard.press('Escape');
    await expect.poll(() => kim.getByRole('dialog').count()).toBe(0);
  });
});

describe('at 3 a.m., on a phone', () => {
  const tap = (within: Page | Locator, name: string | RegExp): Promise<void> =>
    within
      .getByRole('button', typeof name === 'string' ? { name, exact: true } : { name })
      .last()
      .tap();
  const open = async (who: string, at: string): Promise<Page> => {
    const page = await demo.open(who, { ...phone, query: `&at=${at}` });
    page.setDefaultTimeout(60_000);
    return page;
  };
  /** Of a path from what one is looking at: its taps, and which buttons of the messages there cannot be tapped. */
  const walk = async (page: Page, path: () => Promise<void>): Promise<{ taps: number; hidden: string[] }> => {
    const hidden = await notTappable(page.getByRole('article').locator('.block').getByRole('button'));
    const taps = await countTaps(page);
    await path();
    return { taps: await taps.made(), hidden };
  };

  /** It is this person's in every window, and lies over what the next test clicks. */
  const closeWindow = async (page: Page): Promise<void> => {
    const shown = page.getByRole('dialog');
    await shown.getByRole('button', { name: 'Close' }).last().tap();
    await shown.waitFor({ state: 'detached' });
  };

  it('approving, credentials, more time, the end and the next request take two taps at most', async () => {
    const why = 'count the parcels of last night';
    const ana = await open('ana', '@latchkey');
    const dana = await open('dana', 'prod-access');
    await steps.typeLine(ana, `/prod-access orders-db read 5m ${why}`);
    // The request for more time, further down, quotes the same reason.
    const card = dana.getByRole('main').getByRole('article').filter({ hasText: why }).first();
    await card.getByRole('button', { name: 'Approve', exact: true }).waitFor();
    expect(
      await walk(dana, async () => {
        await tap(card, 'Approve');
        await card.getByText(/^Active/).waitFor();
      }),
    ).toEqual({ taps: 1, hidden: [] });
    await steps
      .words(ana, /You’re in|You're in/)
      .last()
      .waitFor();
    expect(
      await walk(ana, async () => {
        await tap(ana, 'Show credentials');
        await ana.getByRole('dialog', { name: 'Credentials' }).getByText('Password', { exact: true }).waitFor();
      }),
    ).toEqual({ taps: 1, hidden: [] });
    const shown = ana.getByRole('dialog', { name: 'Credentials' });
    await shown.getByRole('button', { name: 'Close' }).last().tap();
    await shown.waitFor({ state: 'detached' });
    expect(
      await walk(ana, async () => {
        await tap(ana, /^\+\d+ min$/);
        await steps
          .words(ana, /You requested 30m more/)
          .last()
          .waitFor();
      }),
    ).toEqual({ taps: 1, hidden: [] });
    expect(
      await walk(dana, async () => {
        await tap(card, 'End now');
        await tap(dana.getByRole('alertdialog'), 'End access');
        await card.getByText(/^Ended/).waitFor();
      }),
    ).toEqual({ taps: 2, hidden: [] });
    await ana.getByRole('button', { name: 'Request again' }).last().waitFor();
    expect(
      await walk(ana, async () => {
        await tap(ana, 'Request again');
        const form = ana.getByRole('dialog', { name: 'Request access' });
        await form.getByText(/will decide/).waitFor();
        await tap(form, 'Request access');
        await ana.getByRole('dialog', { name: 'Sent' }).waitFor();
      }),
    ).toEqual({ taps: 2, hidden: [] });
    await closeWindow(ana);
  }, 120_000);

  it('break-glass takes two taps from the request that waits', async () => {
    const why = 'checkout is down and nobody answers';
    const kim = await open('kim', '@latchkey');
    await steps.typeLine(kim, `/prod-access orders-db write 5m ${why}`);
    const waiting = steps.messageWith(kim, why);
    await waiting.getByRole('button', { name: 'Use break-glass…' }).waitFor();
    expect(
      await walk(kim, async () => {
        await tap(waiting, 'Use break-glass…');
        await tap(kim.getByRole('dialog', { name: 'Use break-glass?' }), 'Take access now');
        // The window says what it knows when Slack wants its answer; the message behind it says that the access is there.
        await kim.locator('main').getByText('Break-glass:', { exact: true }).last().waitFor();
      }),
    ).toEqual({ taps: 2, hidden: [] });
    await closeWindow(kim);
  }, 120_000);

  it('an alert takes one tap to a request', async () => {
    const desk = await demo.open('kim', { query: '&at=@latchkey' });
    const kim = await open('kim', '@latchkey');
    await steps.panel(desk).getByRole('button', { name: 'Fire an alert' }).click();
    const alert = steps.messageWith(kim, 'p99 of checkout over 3 s');
    await alert.getByRole('button', { name: /^Request access for/ }).waitFor();
    expect(
      await walk(kim, async () => {
        await tap(alert, /^Request access for/);
        // The message of the request quotes the alert, and comes below it.
        await steps
          .words(kim, /You requested access because of it/)
          .last()
          .waitFor();
      }),
    ).toEqual({ taps: 1, hidden: [] });
  }, 120_000);
});

describe('what happens around production', () => {
  it('an alert reaches who is on call', async () => {
    const kim = await demo.open('kim', { query: '&at=@latchkey' });
    await steps.panel(kim).getByRole('button', { name: 'Fire an alert' }).click();
    await expect.poll(() => steps.words(kim, /p99 of checkout over 3 s/).count()).toBeGreaterThan(0);
  });

  it('the tour plays itself to its end, a deployment and an incident with it, and shows no secret of the job', async () => {
    const ana = await demo.open('ana', { query: '&at=general', viewport: { width: 1_280, height: 800 } });
    await steps.panel(ana).getByRole('button', { name: 'Watch the tour' }).click();
    const end = ana.getByRole('dialog', { name: 'Now for real' });
    await end.getByText('./bin/latchkey init').waitFor({ timeout: 300_000 });
    const guide = await end.getByRole('link', { name: 'Getting started' }).getAttribute('href');
    expect((await ana.request.get(new URL(guide ?? '', ana.url()).href)).status()).toBe(200);
    await end.getByRole('button', { name: 'Try it yourself' }).click();
    await end.waitFor({ state: 'detached' });

    const pipeline = steps.panel(ana).getByRole('region', { name: 'Pipeline' });
    const log = (await pipeline.getByRole('log').textContent()) ?? '';
    expect(log).toMatch(/Restocked \d+ products as lk_/);
    expect(log).not.toContain('add-mask');
    expect(await pipeline.getByRole('listitem').allTextContents()).toEqual([
      expect.stringContaining('Build, done'),
      expect.stringContaining('Migrate the orders database, done'),
      expect.stringContaining('Release, done'),
    ]);
    await expect.poll(() => steps.panel(ana).getByText('shop-deploy').count()).toBe(0);
  }, 400_000);
});
