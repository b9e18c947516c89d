/** The stages of a grant, each alone and as plain as can be: what the whole way is compared with. */
import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { eachOf } from '../measure.ts';
import { withClient } from '../setup/servers.ts';
import type { Target } from '../setup/servers.ts';
import { logIn } from './flow.ts';

export type Stages = { transactionMs: number[]; roleMs: number[]; loginMs: number[] };
export type StagesInput = { storeUrl: string; target: Target; count: number };

const TABLES = `
create table if not exists bench_state (id bigint primary key, state text not null, version int not null);
create table if not exists bench_event (id bigserial primary key, at timestamptz not null default clock_timestamp(), actor text not null, data text not null)`;

/** Lock, change, add the audit event, commit: the least that is still true. */
const auditedTransaction = async (client: pg.Client, id: number): Promise<void> => {
  await client.query('begin');
  await client.query({ name: 'lock', text: 'select state from bench_state where id = $1 for update', values: [id] });
  await client.query({
    name: 'change',
    text: 'update bench_state set version = version + 1 where id = $1',
    values: [id],
  });
  const values = ['{"kind":"person","id":"T0BENCH:U0OLGA"}', '{"kind":"approve"}'];
  await client.query({ name: 'event', text: 'insert into bench_event (actor, data) values ($1, $2)', values });
  await client.query('commit');
};

export const measureTransactions = ({ storeUrl, count }: Pick<StagesInput, 'storeUrl' | 'count'>): Promise<number[]> =>
  withClient(storeUrl, async (client) => {
    await client.query(TABLES);
    await client.query(
      `insert into bench_state select i, 'pending', 1 from generate_series(1, $1::int) i on conflict do nothing`,
      [count],
    );
    await auditedTransaction(client, 1);
    return eachOf(count, (index) => auditedTransaction(client, index + 1));
  });

type Role = { name: string; password: string };

const roles = ({ target }: StagesInput, made: Role[]): Promise<number[]> =>
  withClient(target.managerUrl, async (client) => {
    await client.query('select 1');
    return eachOf(made.length, async (index) => {
      const { name, password } = made[index] ?? { name: '', password: '' };
      await client.query(
        `create role ${name} login noinherit password '${password}' valid until '2099-01-01' in role ${target.group};
         alter role ${name} set role = '${target.group}'`,
      );
    });
  });

const logins = ({ target }: StagesInput, made: Role[]): Promise<number[]> =>
  eachOf(made.length, async (index) => {
    const { name, password } = made[index] ?? { name: '', password: '' };
    const url = new URL(target.url);
    url.username = name;
    url.password = password;
    await logIn(url.href);
  });

export const measureStages = async (input: StagesInput): Promise<Stages> => {
  const made = Array.from({ length: input.count }, () => ({
    name: `limit_${randomBytes(6).toString('hex')}`,
    password: randomBytes(32).toString('base64url'),
  }));
  const transactionMs = await measureTransactions(input);
  const roleMs = await roles(input, made);
  const loginMs = await logins(input, made);
  await withClient(input.target.managerUrl, (client) =>
    client.query(`drop role ${made.map(({ name }) => name).join(', ')}`),
  );
  return { transactionMs, roleMs, loginMs };
};
