/** The folder list is the registry. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findProvider, PROVIDERS } from '../../src/providers/registry.ts';

test('every folder of src/providers is a provider in the registry, under its own name', () => {
  const folders = readdirSync(new URL('../../src/providers', import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  expect(PROVIDERS.map(({ id }) => id).sort()).toEqual(folders.sort());
});

test('a provider is found by its id, and an unknown one is not', () => {
  expect(findProvider('postgres')?.title).toBe('Postgres');
  expect(findProvider('oracle')).toBeUndefined();
});
