/** A change of single values in the text of a policy file: the rest stays as it was written. */
import { expect, test } from 'vitest';
import { editPolicy } from '../../src/config/policy-edit.ts';

const TEXT = `version: 1
targets:
  orders-db:
    roles:
      read: { title: Read only, max: 4h, default: 30m } # for everybody
      write:
        title: Read-write
        max: 1h
      old:
        title: Old
        max: 2h
  users-db: { roles: { read: { title: Read } } }
rules: []
`;
const at = (...path: string[]): string[] => ['targets', ...path];

test('values are replaced in flow and in blocks, and comments stay', () => {
  const { text, diff, skipped } = editPolicy(
    TEXT,
    [
      { path: at('orders-db', 'roles', 'read', 'max'), value: '1h' },
      { path: at('orders-db', 'roles', 'read', 'default'), value: '15m' },
      { path: at('orders-db', 'roles', 'write', 'max'), value: '45m' },
    ],
    'latchkey.yml',
  );
  expect(text).toBe(TEXT.replace('max: 4h, default: 30m', 'max: 1h, default: 15m').replace('max: 1h\n', 'max: 45m\n'));
  expect(skipped).toEqual([]);
  expect(diff).toBe(`--- latchkey.yml
+++ latchkey.yml
@@ -3,8 +3,8 @@
   orders-db:
     roles:
-      read: { title: Read only, max: 4h, default: 30m } # for everybody
+      read: { title: Read only, max: 1h, default: 15m } # for everybody
       write:
         title: Read-write
-        max: 1h
+        max: 45m
       old:
         title: Old
`);
});

test('what is not written yet is put in front, and a role goes with its lines', () => {
  const { text, diff } = editPolicy(
    TEXT,
    [
      { path: at('orders-db', 'roles', 'write', 'default'), value: '15m' },
      { path: at('users-db', 'roles', 'read', 'max'), value: '1h' },
      { path: at('orders-db', 'roles', 'old'), value: null },
    ],
    'p.yml',
  );
  expect(text).toBe(
    TEXT.replace('        title: Read-write', '        default: 15m\n        title: Read-write')
      .replace('      old:\n        title: Old\n        max: 2h\n', '')
      .replace('{ title: Read }', '{ max: 1h, title: Read }'),
  );
  expect(diff.split('\n').filter((line) => /^-[^-]/.test(line))).toHaveLength(5);
});

test.each([
  ['the only role', at('users-db', 'roles', 'read')],
  ['what is not there', at('no-db', 'roles', 'read')],
])('%s is not taken away', (_name, path) => {
  const made = editPolicy(TEXT, [{ path, value: null }], 'p.yml');
  expect([made.text, made.diff, made.skipped.length]).toEqual([TEXT, '', 1]);
});
