/** Dark, narrow and cut off; and the panel beside the chat. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { useStage } from './support/stage.ts';
import { composer, fromApp, lastMessage, openForm, send, words } from './support/words.ts';

const stage = useStage();

const says = (channel: string, text: string): void => fromApp(stage.workspace, { channel, text });

describe('looks', () => {
  const background = (page: Page): Promise<unknown> => page.evaluate('getComputedStyle(document.body).backgroundColor');

  it('is dark when the system is, and when one says so, which is remembered', async () => {
    const ada = await stage.open('ada', { colorScheme: 'dark' });
    const dark = await background(ada);
    await ada.getByRole('button', { name: /^Colours/ }).click();
    await expect.poll(() => background(ada)).not.toBe(dark);
    const light = await background(ada);
    await ada.reload();
    await ada.getByRole('main').waitFor();
    expect(await background(ada)).toBe(light);
    await ada.getByRole('button', { name: /^Colours/ }).click();
    await expect.poll(() => background(ada)).toBe(dark);
  });

  it('a narrow window hides the channels behind a button, and nothing hangs over its edge', async () => {
    const ada = await stage.open('ada', { viewport: { width: 400, height: 720 }, query: '&at=prod-access' });
    await send(ada, '/access post');
    await ada.getByRole('button', { name: 'Approve', exact: true }).last().waitFor();
    expect(await ada.evaluate('document.documentElement.scrollWidth')).toBe(400);
    expect(await ada.getByRole('navigation').isVisible()).toBe(false);
    await ada.getByRole('button', { name: 'Show channels' }).click();
    await ada.getByRole('navigation').getByRole('button', { name: 'general' }).click();
    await ada.getByRole('heading', { name: 'general' }).first().waitFor();
    await expect.poll(() => ada.getByRole('navigation').isVisible()).toBe(false);
    const form = await openForm(ada);
    const box = await form.boundingBox();
    expect(box?.width).toBeLessThanOrEqual(400);
  });

  it('does not move what one reads when a message below changes, and follows the end when one reads the end', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    for (let count = 0; count < 40; count += 1) says('general', `line ${count}\nand more`);
    await words(ada, 'line 39').waitFor();
    const list = ada.getByRole('region', { name: 'Messages in general' });
    const fromEnd = (): Promise<number> =>
      list.evaluate(
        (node: { scrollHeight: number; scrollTop: number; clientHeight: number }) =>
          node.scrollHeight - node.scrollTop - node.clientHeight,
      );
    await expect.poll(fromEnd).toBeLessThan(2);
    await list.evaluate((node: { scrollTop: number }) => {
      node.scrollTop = 100;
    });
    await expect.poll(fromEnd).toBeGreaterThan(100);
    const before = await words(ada, /line 3/)
      .first()
      .boundingBox();
    says('general', 'something new below');
    await words(ada, 'something new below').waitFor();
    expect(
      (
        await words(ada, /line 3/)
          .first()
          .boundingBox()
      )?.y,
    ).toBe(before?.y);
  });
});

describe('the panel beside it', () => {
  it('shows who can log in, with the time that is left, and moves a deadline', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    const inTenMinutes = new Date(Date.now() + 600_000).toISOString();
    stage.world.change({
      grants: [
        { id: 'g1', person: 'U0ADA', target: 'orders-db', role: 'read', state: 'active', expiresAt: inTenMinutes },
      ],
    });
    const panel = ada.getByRole('complementary', { name: 'Production' });
    await panel.getByText('orders-db/read').waitFor();
    await panel.getByText(/^(10:00|9:5\d)$/).waitFor();
    await panel.getByRole('button', { name: 'End in 10 s' }).click();
    await expect.poll(() => stage.world.endedSoon).toEqual([{ grantId: 'g1', inMs: 10_000 }]);
    stage.world.change({ grants: [] });
    await panel.getByText('Nobody has access now.').waitFor();
    stage.world.tick('ask');
    await panel.getByText('1 of 4').waitFor();
  });

  it('logs in with the credentials one was shown, is refused a write, and is cut', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    const panel = ada.getByRole('complementary', { name: 'Production' });
    expect(await panel.getByRole('button', { name: 'Use the credentials I was shown' }).count()).toBe(0);
    await panel.getByRole('textbox', { name: 'User' }).fill('lk_ada_7f3a');
    await panel.getByLabel('Password').fill('guess');
    await panel.getByRole('button', { name: 'Connect' }).click();
    await panel.getByText('The login was refused.').waitFor();
    await send(ada, '/access credentials');
    await ada.getByRole('dialog', { name: 'Credentials' }).getByRole('button', { name: 'Copy' }).first().waitFor();
    await ada.keyboard.press('Escape');
    await panel.getByRole('button', { name: 'Use the credentials I was shown' }).click();
    await panel.getByRole('button', { name: 'Connect' }).click();
    await panel.getByRole('button', { name: 'Select' }).click();
    await panel.getByRole('cell', { name: 'Brauer & Sons' }).waitFor();
    await panel.getByRole('button', { name: 'Insert' }).click();
    await panel.getByText('Refused: this role may not do that.').waitFor();
    stage.world.cut();
    await panel.getByText('The session was cut. The access is over.').waitFor();
  });
});

it('connects again by itself, and says meanwhile that it does', async () => {
  const ada = await stage.open('ada', { query: '&at=general' });
  await stage.workspace.faults.down('refused');
  await ada.getByText('Connection lost. Connecting again…').waitFor();
  await send(ada, 'not lost');
  // It is empty while it is being sent, and full again when that failed.
  await expect.poll(() => composer(ada).inputValue()).toBe('not lost');
  await stage.workspace.faults.up();
  await ada.getByText(/Doorman is connected/).waitFor();
  await composer(ada).press('Enter');
  await lastMessage(ada).getByText('not lost').waitFor();
  // What a browser writes of a connection that was refused is no fault of the page.
  stage.problems.splice(0);
});
