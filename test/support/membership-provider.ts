/**
 * A provider for tests whose grants share what they give: it puts a person's own account of a Postgres server into a group. However many
 * grants say so, there is one membership, and their handles are equal.
 */
import pg from 'pg';
import { z } from 'zod';
import { defineProvider } from '../../src/providers/define-provider.ts';
import { ProviderError } from '../../src/providers/provider.ts';
import type { AnyProvider } from '../../src/providers/any-provider.ts';
import type { EndGuarantee, Grantee, ProviderContext } from '../../src/providers/provider.ts';

const config = z.object({ url: z.string() });
const scope = z.object({ group: z.string() });
const handle = z.object({ group: z.string(), member: z.string() });

/** The account of a person: made by the test, as somebody's own account was there before us. */
export const accountOf = (personId: string): string => `acct_${(personId.split(':').at(-1) ?? '').toLowerCase()}`;

export type MembershipHooks = {
  /** Awaited before the target is touched: lets a test hold a call in the middle. */
  before: (verb: 'grant' | 'close', grantId: string) => Promise<void>;
  /** Awaited when the membership is there, before the call ends. */
  after?: (grantId: string) => Promise<void>;
  /** What the group is by an id that it keeps. */
  idOf?: (group: string) => string;
};

type Rows = { rows: { is: boolean }[] };

export const membershipProvider = (
  hooks: MembershipHooks,
  guarantee: EndGuarantee = { endsBy: 'revoke', survives: null },
  isNamed = false,
): AnyProvider =>
  defineProvider({
    id: 'membership',
    title: 'Membership',
    config,
    scope,
    handle,
    isShared: true,
    identity: { isNeeded: () => isNamed, lookup: z.string() },
    connect: ({ url }) => {
      const pool = new pg.Pool({ connectionString: url, max: 4 });
      const isMember = async (group: string, member: string): Promise<boolean> => {
        const { rows }: Rows = await pool.query(
          `select exists (select from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles r on r.oid = m.member
           where g.rolname = $1 and r.rolname = $2) as is`,
          [group, member],
        );
        return rows[0]?.is ?? false;
      };
      const leave = async (group: string, member: string): Promise<boolean> => {
        if (!(await isMember(group, member))) return false;
        await pool.query(`revoke ${id(group)} from ${id(member)}`);
        return true;
      };
      const of = (ctx: Grantee & Pick<ProviderContext, 'identity'>): string => {
        if (ctx.identity && 'user' in ctx.identity) return ctx.identity.user;
        return accountOf('person' in ctx ? ctx.person.id : ctx.client.id);
      };
      const id = pg.escapeIdentifier;
      return {
        find: async ({ group }, ctx) => {
          const member = of(ctx);
          const id = hooks.idOf?.(group);
          const named = id === undefined ? {} : { named: { name: `group ${group}`, id } };
          return { handle: { group, member }, account: member, hadAlready: await isMember(group, member), ...named };
        },
        grant: async ({ group }, ctx) => {
          await hooks.before('grant', ctx.grantId);
          const member = of(ctx);
          if (ctx.hadAlready === true && !(await isMember(group, member)))
            throw new ProviderError('conflict', 'What they had before is gone.');
          await pool.query(`grant ${id(group)} to ${id(member)}`);
          if (!(await isMember(group, member))) throw new ProviderError('conflict', 'The membership was not there.');
          await hooks.after?.(ctx.grantId);
          return { handle: { group, member } };
        },
        // To be no member any more is to be closed, and nothing is left to remove after that.
        close: async ({ group }, _handle, ctx) => {
          await hooks.before('close', ctx.grantId);
          return (await leave(group, of(ctx))) ? 'closed' : 'absent';
        },
        revoke: async ({ group }, _handle, ctx) => ((await leave(group, of(ctx))) ? 'removed' : 'already_absent'),
        check: async ({ group }, _handle, ctx) => ((await isMember(group, of(ctx))) ? 'present' : 'absent'),
        guarantee: () => guarantee,
        disconnect: () => pool.end(),
      };
    },
  });
