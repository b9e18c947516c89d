/** The folder list is the registry. */
import { existsSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findProvider, PROVIDERS } from '../../src/providers/registry.ts';

test('every provider is held to the contract on real targets of its kind', () => {
  const missing = PROVIDERS.filter(({ id }) => !existsSync(new URL(`${id}/contract.test.ts`, import.meta.url)));
  expect(missing.map(({ id }) => id)).toEqual([]);
});

test('every folder of src/providers but the kit is a provider in the registry, under its own name', () => {
  const folders = readdirSync(new URL('../../src/providers', import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter((name) => name !== 'kit');
  expect(PROVIDERS.map(({ id }) => id).sort()).toEqual(folders.sort());
});

test('a provider is found by its id, and an unknown one is not', () => {
  expect(findProvider('postgres')?.title).toBe('Postgres');
  expect(findProvider('oracle')).toBeUndefined();
});
