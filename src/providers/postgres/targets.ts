/** The databases of a server, for `targets_from`. */
import { z } from 'zod';
import { targetsOf, type ListedTarget } from '../provider.ts';
import { settingsOf, type Config } from './config.ts';
import { openServer } from './server.ts';

const names = z.array(z.string().min(1).max(63), 'must be a list of names, such as [orders, billing]').min(1).max(1000);

const only = z.strictObject(
  {
    /** A pattern of `LIKE`. */
    like: z.string('must be a pattern such as shop_%').min(1).max(100).optional(),
    not: names.optional(),
  },
  'must say which databases, as { like: "shop_%", not: [shop_test] }',
);

/** Templates, and what nobody can connect to, are no targets. A comment is text of its writer, as an entry of any list is. */
const DATABASES = `select d.datname as database, r.rolname as owner,
    coalesce(pg_catalog.shobj_description(d.oid, 'pg_database'), '') as comment
  from pg_catalog.pg_database d join pg_catalog.pg_roles r on r.oid = d.datdba
  where d.datallowconn and not d.datistemplate
    and ($1::text is null or d.datname like $1) and not d.datname = any($2::name[])
  order by d.datname`;

export const databases = targetsOf<Config, z.infer<typeof only>>(
  only,
  async (config, { like, not = [] }, { signal }): Promise<ListedTarget[]> => {
    const server = openServer(settingsOf(config));
    try {
      return await server.query<{ database: string; owner: string; comment: string }>(signal, {
        text: DATABASES,
        values: [like ?? null, not],
      });
    } finally {
      await server.close();
    }
  },
);
