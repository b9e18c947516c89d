/** Entries of a directory as they are read, and how each class of group keeps its members. */
import type { Entry } from 'ldapts';
import { ProviderError } from '../provider.ts';
import { CODES, resultCodeOf } from './errors.ts';
import type { Server } from './server.ts';

/** What stays the same of an entry, by the server's kind. */
export const ID_ATTRIBUTES = ['entryUUID', 'objectGUID'];

/** How each class of group keeps its members, in this order where an entry is of several. */
const KEEPS = [
  ['groupofnames', 'member'],
  ['groupofmembers', 'member'],
  ['group', 'member'],
  ['groupofuniquenames', 'uniqueMember'],
  ['posixgroup', 'memberUid'],
] as const;
export type Keeps = (typeof KEEPS)[number][1];

export const textsOf = (entry: Entry, attribute: string): string[] => {
  const key = Object.keys(entry).find((name) => name.toLowerCase() === attribute.toLowerCase());
  return [key === undefined ? [] : (entry[key] ?? [])].flat().map(String);
};

/** Null where the entry is of no class of group that is known. */
export const keepsOf = (entry: Entry): Keeps | null => {
  const classes = new Set(textsOf(entry, 'objectClass').map((name) => name.toLowerCase()));
  return KEEPS.find(([name]) => classes.has(name))?.[1] ?? null;
};

/** Null where there is none. */
export const readEntry = async (
  server: Server,
  { dn, attributes }: { dn: string; attributes: string[] },
  signal: AbortSignal,
): Promise<Entry | null> =>
  await server.ask(
    `read ${dn}`,
    async (client) =>
      await unless([CODES.noSuchObject], null, async () => {
        const { searchEntries, searchReferences } = await client.search(dn, {
          scope: 'base',
          attributes,
          explicitBufferAttributes: ['objectGUID'],
        });
        if (searchReferences.length > 0) throw referred(server);
        return searchEntries[0] ?? null;
      }),
    signal,
  );

export const referred = (server: Server): ProviderError =>
  new ProviderError(
    'misconfigured',
    `${server.name} refers to another server, and Latchkey follows no referral. Write the address of that server.`,
  );

/** `instead` where the server answers with one of these codes. */
export const unless = async <T>(codes: readonly number[], instead: T, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    const code = resultCodeOf(error);
    if (code !== null && codes.includes(code)) return instead;
    throw error;
  }
};
