/** `docs/messages.md` is the audit of every message: its kinds are those of the code, and the tests it names exist. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MESSAGES } from '../../src/application/messages/message-ports.ts';
import { ANNOUNCEMENT_KINDS } from '../../src/application/record/admin-notification-ports.ts';

const text = readFileSync(new URL('../../docs/messages.md', import.meta.url), 'utf8');
const rows = text.split('\n').filter((line) => line.startsWith('| `'));
const kinds = rows.map((line) => /^\| `(\w+)`/.exec(line)?.[1] ?? '');
const named = [...text.matchAll(/`(test\/[\w./-]+)`/g)].map(([, file]) => file ?? '');

describe('the audit of messages', () => {
  it('has every kind that the code has, and no other', () =>
    expect([...kinds].sort()).toEqual([...MESSAGES.request, ...ANNOUNCEMENT_KINDS].sort()));

  it('says for each what can change, what refreshes it, and where that is tested', () =>
    expect(rows.filter((line) => !/`test\/[\w./-]+` \|$/.test(line))).toEqual([]));

  it('names tests that exist', () =>
    expect(named.filter((file) => !existsSync(new URL(`../../${file}`, import.meta.url)))).toEqual([]));
});
