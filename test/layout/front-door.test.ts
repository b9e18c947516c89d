/** What somebody sees first: the index of the documentation, decisions, recipes, workflows. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../..', import.meta.url));
const textOf = (file: string): string => readFileSync(`${root}/${file}`, 'utf8');
const linksIn = (file: string): string[] =>
  [...textOf(file).matchAll(/\]\(([^)#]+)/gu)].map(([, link = '']) => link).filter((link) => !link.startsWith('http'));

test('the index of the documentation has every page, by who reads it', () => {
  const pages = readdirSync(`${root}/docs`).filter((name) => name.endsWith('.md') && name !== 'README.md');
  const links = linksIn('docs/README.md');
  expect(pages.filter((page) => !links.includes(page))).toEqual([]);
  expect(links.filter((link) => !existsSync(`${root}/docs/${link}`))).toEqual([]);
  const readers = ['Engineer', 'Approver', 'On-call', 'Operator', 'Security', 'Auditor', 'Contributor'];
  expect(readers.filter((reader) => !textOf('docs/README.md').includes(`\n## ${reader}`))).toEqual([]);
});

test('the list of decisions has every decision', () => {
  const decisions = readdirSync(`${root}/docs/adr`).filter((name) => /^\d{4}-/u.test(name));
  expect(linksIn('docs/adr/README.md').filter((link) => /^\d{4}-/u.test(link))).toEqual(decisions.toSorted());
});

test('the recipes name files and folders that exist', () => {
  const named = [...textOf('CONTRIBUTING.md').matchAll(/`((?:src|test|lint|docs|\.github)\/[^`\s<…]*)`/gu)].map(
    ([, path = '']) => path,
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(`${root}/${path}`))).toEqual([]);
});

type Workflow = { on: { push?: { tags?: string[] } }; jobs: Record<string, object> };
const workflow = (name: string): Workflow => parse(textOf(`.github/workflows/${name}.yml`)) as Workflow;

test('CI runs on each version of Node that is supported, and a tag releases with proof of origin', () => {
  expect(workflow('ci').jobs['test']).toMatchObject({ strategy: { matrix: { node: [20, 22, 24] } } });
  expect(Object.keys(workflow('codeql').jobs)).not.toEqual([]);
  const release = workflow('release');
  expect(release.on.push?.tags).toEqual(['v*.*.*']);
  const steps = JSON.stringify(release.jobs);
  for (const part of ['linux/amd64,linux/arm64', '"provenance":"mode=max"', '"sbom":true', 'attest-build-provenance'])
    expect(steps).toContain(part);
});
