/** What anyone sends as a token is compared with every client of its issuer: that costs no more because it is large. */
import { expect, test } from 'vitest';
import { whichClient } from '../../../src/domain/clients/match-client.ts';
import { entry } from '../../http/auth/token-rig.ts';

test('a large claim is written out once, however many clients there are', () => {
  let times = 0;
  const large = { toJSON: () => `${(times += 1)} ${'x'.repeat(1_000)}` };
  const clients = Array.from({ length: 50 }, (_, index) =>
    entry(`api-${index}`, { repository: { id: String(index), name: null } }),
  );
  const issuer = { name: 'ci', kind: 'github' as const, url: 'https://ci.test', keysFile: null };
  const { client, matches } = whichClient({ issuer, claims: { repository_id: large }, defaultAudiences: [] }, clients);
  expect(client).toBeNull();
  const found = matches.flatMap(({ checks }) => checks.filter(({ claim }) => claim === 'repository_id'));
  expect(new Set(found.map((check) => check.found)).size).toBe(1);
  expect(times).toBe(1);
});
