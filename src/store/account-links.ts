/** Links of accounts. A row is never changed into another link: a new proof is a new row, and the one before is released. */
import { and, desc, eq, inArray, isNull } from 'drizzle-orm';
import type { AccountLink, AccountLinkReads, AccountLinkWrites } from '../application/identity/account-link-ports.ts';
import { accountLinks as links } from './schema/account-links.ts';
import { people } from './schema/principals.ts';
import { ROW_LOCK, clock, firstOrNull } from './statement.ts';
import type { Db } from './statement.ts';

const COLUMNS = {
  id: links.id,
  kind: links.kind,
  host: links.host,
  accountId: links.accountId,
  login: links.login,
  personId: links.personId,
  userId: people.userId,
  name: people.name,
  linkedAt: links.linkedAt,
  unlinkedAt: links.unlinkedAt,
};

const select = (db: Db) => db.select(COLUMNS).from(links).innerJoin(people, eq(people.id, links.personId));

export const accountLinkReads = (db: Db): AccountLinkReads => ({
  linksOf: ({ kind, host, accountIds }): Promise<AccountLink[]> =>
    select(db).where(
      and(
        eq(links.kind, kind),
        eq(links.host, host),
        inArray(links.accountId, [...accountIds]),
        isNull(links.releasedAt),
      ),
    ),
  linksOfPerson: (personId) =>
    select(db)
      .where(and(eq(links.personId, personId), isNull(links.releasedAt)))
      .orderBy(links.kind, links.login),
  accountLinks: (limit) => select(db).where(isNull(links.releasedAt)).orderBy(desc(links.linkedAt)).limit(limit),
});

export const accountLinkWrites = (db: Db): AccountLinkWrites => ({
  of: async ({ kind, host, accountId }) =>
    firstOrNull(
      await select(db)
        .where(
          and(eq(links.kind, kind), eq(links.host, host), eq(links.accountId, accountId), isNull(links.releasedAt)),
        )
        .for(ROW_LOCK, { of: links }),
    ),
  add: async (link) => {
    const added = await db
      .insert(links)
      .values({ ...link, linkedAt: clock })
      .onConflictDoNothing()
      .returning({ id: links.id });
    return added.length > 0;
  },
  unlink: async (id) => {
    await db
      .update(links)
      .set({ unlinkedAt: clock })
      .where(and(eq(links.id, id), isNull(links.unlinkedAt)));
  },
  release: async (id) => {
    await db
      .update(links)
      .set({ releasedAt: clock })
      .where(and(eq(links.id, id), isNull(links.releasedAt)));
  },
});
