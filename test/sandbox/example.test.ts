/** The example of `sandbox/README.md` is what other projects copy: it runs, and it is the one that is printed there. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { story } from './example-app.ts';
import { createWorkspace } from '../../sandbox/src/slack/workspace.ts';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');
const README = read('../../sandbox/README.md');

/** Names in the first column of the tables under a heading. */
const listed = (heading: string): string[] => {
  const [, after = ''] = README.split(`\n## ${heading}\n`);
  const [section = ''] = after.split('\n## ');
  return [...section.matchAll(/^\| `(\w+)/gm)].map(([, name = '']) => name);
};

describe('the README of the sandbox', () => {
  it('prints the example as it is', () => {
    const printed = /```ts\n([\s\S]+?)```/.exec(README)?.[1];
    expect(printed).toBe(read('example-app.ts').replace('../../sandbox/src/', '@latchkey/sandbox/'));
  });

  it('and the example does what it says', async () => {
    expect(await story()).toEqual(['Approved by <@U0OLGA>']);
  });

  it('lists everything that a workspace, a person and the faults can do, and nothing else', () => {
    const workspace = createWorkspace({ users: [{ name: 'ada' }] });
    expect(listed('A workspace').toSorted()).toEqual(Object.keys(workspace).toSorted());
    expect(listed('A person').toSorted()).toEqual(Object.keys(workspace.as('ada')).toSorted());
    expect(listed('Faults').toSorted()).toEqual(Object.keys(workspace.faults).toSorted());
  });
});
