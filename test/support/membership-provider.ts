/**
 * A provider for tests whose grants share what they give: it puts a person's own account of a Postgres server into a group. However many
 * grants say so, there is one membership, and their handles are equal.
 */
import pg from 'pg';
import { z } from 'zod';
import { defineProvider } from '../../src/providers/define-provider.ts';
import { ProviderError } from '../../src/providers/provider.ts';
import type { AnyProvider, EndGuarantee, ProviderContext } from '../../src/providers/provider.ts';

const config = z.object({ url: z.string() });
const scope = z.object({ group: z.string() });
const handle = z.object({ group: z.string(), member: z.string() });

/** The account of a person: made by the test, as somebody's own account was there before us. */
export const accountOf = (personId: string): string => `acct_${(personId.split(':').at(-1) ?? '').toLowerCase()}`;

export type MembershipHooks = {
  /** Awaited before the target is touched: lets a test hold a call in the middle. */
  before: (verb: 'grant' | 'revoke', grantId: string) => Promise<void>;
};

type Rows = { rows: { is: boolean }[] };

export const membershipProvider = (
  hooks: MembershipHooks,
  guarantee: EndGuarantee = { endsBy: 'revoke', survives: null },
): AnyProvider =>
  defineProvider({
    id: 'membership',
    title: 'Membership',
    config,
    scope,
    handle,
    isShared: true,
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
      const of = (ctx: ProviderContext): string => accountOf('person' in ctx ? ctx.person.id : ctx.client.id);
      const id = pg.escapeIdentifier;
      return {
        grant: async ({ group }, ctx) => {
          await hooks.before('grant', ctx.grantId);
          const member = of(ctx);
          await pool.query(`grant ${id(group)} to ${id(member)}`);
          if (!(await isMember(group, member))) throw new ProviderError('conflict', 'The membership was not there.');
          return { handle: { group, member } };
        },
        revoke: async ({ group }, _handle, ctx) => {
          await hooks.before('revoke', ctx.grantId);
          const member = of(ctx);
          if (!(await isMember(group, member))) return 'already_absent';
          await pool.query(`revoke ${id(group)} from ${id(member)}`);
          return 'removed';
        },
        check: async ({ group }, _handle, ctx) => ((await isMember(group, of(ctx))) ? 'present' : 'absent'),
        guarantee: () => guarantee,
        close: () => pool.end(),
      };
    },
  });
