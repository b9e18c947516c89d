import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { eventsPage } from '../../../lint/events-page.ts';
import { EVENTS } from '../../../src/domain/audit/events.ts';

const all = Object.entries(EVENTS);

test('docs/events.md is what the catalog says; `npm run docs:events` writes it', () => {
  expect(readFileSync(new URL('../../../docs/events.md', import.meta.url), 'utf8')).toBe(eventsPage());
});

test.each(all)('%s has a sentence for when it is written', (_, { when }) => {
  expect(when).toMatch(/^[A-Z][^.]*\.$/);
  expect(when.split(' ').length).toBeLessThanOrEqual(25);
});

test.each(all)('%s has each field in one part only', (_, { open, personal }) => {
  expect(Object.keys(open).filter((field) => Object.hasOwn(personal, field))).toEqual([]);
});

test('what names a person or is free text is open nowhere', () => {
  const personal = /^(reason|note|message|error|person|by|voter|leaver|user|delegate|address|handle|title|name|email)$/;
  const open = all.flatMap(([type, event]) => Object.keys(event.open).map((field) => `${type} ${field}`));
  // The handle of a user group and the name in a target are those of a group, the title of a Slack app's workspace that of a company.
  expect(open.filter((one) => personal.test(one.split(' ')[1] ?? ''))).toEqual([
    'user_group.moved handle',
    'target_name.moved name',
    'slack_app.installed title',
    'slack_app.removed title',
  ]);
});
