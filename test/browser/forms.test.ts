/** Forms, buttons and the keyboard, with a plain app that is not ours. */
import { describe, expect, it } from 'vitest';
import { useStage } from './support/stage.ts';
import { composer, focused, fromApp, openForm, send, words } from './support/words.ts';

const stage = useStage();

const says = (channel: string, text: string): void => fromApp(stage.workspace, { channel, text });

describe('forms', () => {
  it('say under the field what is wrong, and send what was typed last', async () => {
    const ada = await stage.open('ada', { query: '&at=prod-access' });
    const form = await openForm(ada);
    await form.getByRole('button', { name: 'Send' }).click();
    const reason = form.getByRole('textbox', { name: 'Reason' });
    await form.getByText('Please complete this required field.').first().waitFor();
    await form.getByRole('combobox', { name: 'Target' }).click();
    await form.getByRole('combobox', { name: 'Target' }).fill('bill');
    await form.getByRole('option', { name: 'billing-db' }).click();
    // The app draws the form anew, and what was typed stays.
    await form.getByRole('combobox', { name: 'Role' }).click();
    await form.getByRole('option', { name: 'Read only' }).click();
    await reason.fill('short');
    await form.getByRole('button', { name: 'Send' }).click();
    await form.getByText('Say a little more').waitFor();
    expect(await reason.getAttribute('aria-invalid')).toBe('true');
    await reason.fill('');
    // Faster than any answer: the last letter must not be lost to the click.
    await reason.pressSequentially('repair order <1183> & more', { delay: 0 });
    await form.getByRole('button', { name: 'Send' }).click();
    await form.waitFor({ state: 'detached' });
    expect(JSON.stringify(stage.seen.submitted.at(-1))).toContain('repair order <1183> & more');
  });

  it('take people, days and radio buttons', async () => {
    const ada = await stage.open('ada', { query: '&at=prod-access' });
    const form = await openForm(ada);
    await form.getByRole('combobox', { name: 'Target' }).click();
    await form.getByRole('option', { name: 'mailer' }).click();
    await form.getByRole('combobox', { name: 'Role' }).click();
    await form.getByRole('option', { name: 'Read only' }).click();
    await form.getByRole('radio', { name: '15 minutes' }).check();
    await form.getByRole('textbox', { name: 'Reason' }).fill('look at the queue of mails');
    const watchers = form.getByRole('combobox', { name: /Tell also/ });
    await watchers.fill('oscar');
    await watchers.press('Enter');
    await watchers.fill('rita');
    await watchers.press('Enter');
    await watchers.press('Escape');
    await form.getByRole('button', { name: 'Remove Oscar Lind' }).click();
    await form.getByLabel(/From/).fill('2026-11-30');
    await form.getByRole('button', { name: 'Send' }).click();
    await form.waitFor({ state: 'detached' });
    expect(stage.seen.submitted.at(-1)).toMatchObject({
      for: { for: { selected_option: { value: '15m' } } },
      watchers: { watchers: { selected_users: ['U0RITA'] } },
      day: { day: { selected_date: '2026-11-30' } },
      target: { target: { selected_option: { value: 'mailer' } } },
    });
  });

  it('a button with a question asks it first', async () => {
    const ada = await stage.open('ada', { query: '&at=prod-access' });
    await send(ada, '/access post');
    await ada.getByRole('button', { name: 'Deny' }).click();
    const question = ada.getByRole('alertdialog', { name: 'Deny it?' });
    await question.getByRole('button', { name: 'Back' }).click();
    const before = stage.seen.clicks.length;
    await ada.getByRole('button', { name: 'Deny' }).click();
    await question.getByRole('button', { name: 'Deny' }).click();
    await expect.poll(() => stage.seen.clicks.slice(before)).toEqual(['U0ADA deny']);
    await ada.getByRole('button', { name: 'More actions' }).click();
    await ada.getByRole('menuitem', { name: 'Explain' }).click();
    await ada.getByRole('combobox', { name: 'Shorter…' }).click();
    await ada.getByRole('option', { name: '10 minutes' }).click();
    await expect.poll(() => stage.seen.clicks.slice(before)).toEqual(['U0ADA deny', 'U0ADA more', 'U0ADA shorter']);
    await ada.getByRole('button', { name: 'Approve', exact: true }).click();
    await words(ada, /Approved by/).waitFor();
    expect(await ada.getByRole('button', { name: 'Approve', exact: true }).count()).toBe(0);
  });
});

describe('by keyboard alone', () => {
  it('one completes a command, fills in a form and sends it', async () => {
    const ada = await stage.open('ada', { query: '&at=prod-access' });
    await composer(ada).focus();
    await ada.keyboard.type('/acc');
    await ada.getByRole('option', { name: /\/access/ }).waitFor();
    await ada.keyboard.press('Tab');
    await ada.keyboard.press('Enter');
    await ada.getByRole('dialog').waitFor();
    // The first field has the focus.
    await ada.keyboard.type('ware');
    await ada.getByRole('option', { name: 'warehouse' }).waitFor();
    await ada.keyboard.press('Enter');
    await ada.getByRole('combobox', { name: 'Role' }).waitFor();
    await ada.keyboard.press('Tab');
    await ada.keyboard.press('ArrowDown');
    await ada.getByRole('option', { name: 'Read-write' }).waitFor();
    await ada.keyboard.press('ArrowDown');
    await ada.keyboard.press('Enter');
    await ada.keyboard.press('Tab');
    await ada.keyboard.press('ArrowUp');
    await ada.keyboard.press('Tab');
    await ada.keyboard.type('count the shelves again');
    for (let count = 0; count < 15 && (await focused(ada)) !== 'Send'; count += 1) await ada.keyboard.press('Tab');
    await ada.keyboard.press('Enter');
    await ada.getByRole('dialog').waitFor({ state: 'detached' });
    expect(stage.seen.submitted.at(-1)).toMatchObject({
      target: { target: { selected_option: { value: 'warehouse' } } },
      role: { role: { selected_option: { value: 'write' } } },
      for: { for: { selected_option: { value: '15m' } } },
      reason: { reason: { value: 'count the shelves again' } },
    });
    // The focus is back where it was.
    await expect.poll(() => focused(ada)).toBe('composer');
  });

  it('a modal is one from its first moment on, and has the keyboard', async () => {
    const ada = await stage.open('ada', { query: '&at=prod-access' });
    // Runs after what drew it and before it is painted.
    await ada.evaluate(`new MutationObserver((_, observer) => {
      const dialog = document.querySelector('dialog');
      if (dialog === null) return;
      observer.disconnect();
      window.atFirst = { isModal: dialog.matches(':modal'), hasFocus: dialog.contains(document.activeElement) };
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }));
    }).observe(document.body, { childList: true, subtree: true })`);
    await send(ada, '/access');
    await expect.poll(() => ada.evaluate('window.atFirst')).toEqual({ isModal: true, hasFocus: true });
    await ada.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('the focus cannot leave a modal, and Escape closes a list before it closes the modal', async () => {
    const ada = await stage.open('ada', { query: '&at=prod-access' });
    const form = await openForm(ada);
    for (let count = 0; count < 25; count += 1) {
      await ada.keyboard.press('Tab');
      const isOutside = await ada.evaluate(
        `document.activeElement !== document.body && !document.querySelector('dialog').contains(document.activeElement)`,
      );
      expect(isOutside).toBe(false);
    }
    await form.getByRole('combobox', { name: 'Target' }).click();
    await form.getByRole('listbox').waitFor();
    await ada.keyboard.press('Escape');
    await form.getByRole('listbox').waitFor({ state: 'detached' });
    expect(await form.count()).toBe(1);
    await ada.keyboard.press('Escape');
    await form.waitFor({ state: 'detached' });
  });

  it('one becomes somebody else', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    await ada.getByRole('button', { name: 'You are Ada Novak. Be somebody else' }).focus();
    await ada.keyboard.press('Enter');
    await ada.keyboard.press('ArrowDown');
    await ada.keyboard.press('ArrowDown');
    await ada.keyboard.press('Enter');
    await ada.getByRole('button', { name: 'You are Olga Berg. Be somebody else' }).waitFor();
    expect(new URL(ada.url()).searchParams.get('as')).toBe('olga');
    await ada.goBack();
    await ada.getByRole('button', { name: 'You are Ada Novak. Be somebody else' }).waitFor();
  });

  it('a screen reader is told of new messages and knows the parts of the window', async () => {
    const ada = await stage.open('ada', { query: '&at=general' });
    for (const role of ['banner', 'navigation', 'main', 'contentinfo'] as const) {
      expect(await ada.getByRole(role).count()).toBe(1);
    }
    says('general', 'listen to *this*');
    await ada.getByRole('log').getByText('Doorman in general: listen to this').waitFor({ state: 'attached' });
  });
});
