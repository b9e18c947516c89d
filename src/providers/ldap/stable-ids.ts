/**
 * What stays of an entry whatever it is called and wherever it is moved: entryUUID (RFC 4530), in Active Directory objectGUID. By it an end
 * finds an account or a group that was renamed while the access lasted, and none of the others that have their names now.
 */
import { EqualityFilter, type Client, type Entry } from 'ldapts';
import { ID_ATTRIBUTES, referred, textsOf, unless } from './entries.ts';
import { CODES } from './errors.ts';
import { isUnder } from './names.ts';
import type { Server } from './server.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const GUID = /^[0-9a-f]{32}$/;

/** `entryUUID:…` or `objectGUID:…`; null where the server has neither, or does not let Latchkey read it. */
export const idOf = (entry: Entry): string | null => {
  const [uuid] = textsOf(entry, 'entryUUID');
  if (uuid !== undefined && UUID.test(uuid)) return `entryUUID:${uuid.toLowerCase()}`;
  const guid = [entry['objectGUID'] ?? []].flat()[0];
  const hex = Buffer.isBuffer(guid) ? guid.toString('hex') : '';
  return GUID.test(hex) ? `objectGUID:${hex}` : null;
};

/** As a value of its own, never as text of a filter. */
const filterOf = (id: string): EqualityFilter => {
  const [attribute = '', value = ''] = id.split(':');
  return new EqualityFilter({ attribute, value: attribute === 'objectGUID' ? Buffer.from(value, 'hex') : value });
};

/** What the root of the server names, where it lets Latchkey read that. */
const contextsOf = async (client: Client): Promise<string[]> => {
  const { searchEntries } = await client.search('', { scope: 'base', attributes: ['namingContexts'] });
  return searchEntries.flatMap((root) => textsOf(root, 'namingContexts'));
};

/** Where Latchkey may not look, nothing is found. */
const searchBelow = async (
  { server, client }: { server: Server; client: Client },
  base: string,
  id: string,
): Promise<Entry | null> =>
  await unless([CODES.noSuchObject, CODES.insufficientAccess], null, async () => {
    const { searchEntries, searchReferences } = await client.search(base, {
      scope: 'sub',
      filter: filterOf(id),
      attributes: ['*', ...ID_ATTRIBUTES],
      explicitBufferAttributes: ['objectGUID'],
      sizeLimit: 2,
    });
    if (searchEntries.length === 0 && searchReferences.length > 0) throw referred(server);
    return searchEntries[0] ?? null;
  });

/** `near`: where it most likely is. Null where there is none that Latchkey can see. */
export const entryOfId = async (
  server: Server,
  { id, near, at }: { id: string; near: string | null; at: string },
  signal: AbortSignal,
): Promise<Entry | null> =>
  await server.ask(
    'look for an entry by its id',
    async (client) => {
      const found = near === null ? null : await searchBelow({ server, client }, near, id);
      if (found) return found;
      for (const context of (await contextsOf(client)).filter((one) => isUnder(at, one))) {
        const elsewhere = await searchBelow({ server, client }, context, id);
        if (elsewhere) return elsewhere;
      }
      return null;
    },
    signal,
  );
