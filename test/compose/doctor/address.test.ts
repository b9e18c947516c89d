/** Where LATCHKEY_PUBLIC_URL may do without encryption: on this machine, and under no name that only begins like it. */
import { expect, test } from 'vitest';
import { freePort } from '../../../sandbox/src/embedded/port.ts';
import { examineAddress } from '../../../src/compose/doctor/address.ts';

const codesOf = async (host: string): Promise<string[]> => {
  const { findings } = await examineAddress(`http://${host}:${await freePort()}`, { isHttpMode: true });
  return findings.map(({ code }) => code);
};

test.each(['localhost', '127.0.0.1', '127.8.9.1', '[::1]'])('%s is this machine', async (host) => {
  expect(await codesOf(host)).toEqual(['address']);
});

test.each(['localhost.acme.invalid', '127.0.0.1.acme.invalid', 'localhost-2.invalid'])('%s is not', async (host) => {
  expect(await codesOf(host)).toEqual(['address', 'not_encrypted']);
});
