/**
 * The limit for a job's whole flow: a server with the least that dynamic credentials by hand need. A login by the job's token, a call that
 * makes a database login and keeps its lease, and one that revokes it. Nobody decides, and nothing ends what is not revoked.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import pg from 'pg';
import { answerCalls } from '../child.ts';
import type { Target } from '../setup/servers.ts';

export type VaultInput = { storeUrl: string; target: Target; issuerUrl: string; audience: string };

const TABLES = `create table bench_tokens (token text primary key, sub text not null);
create table bench_leases (login text primary key, token text not null, revoked_at timestamptz)`;

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

const createVault = async ({ storeUrl, target, issuerUrl, audience }: VaultInput) => {
  const store = new pg.Pool({ connectionString: storeUrl, max: 4 });
  const manager = new pg.Pool({ connectionString: target.managerUrl, max: 4 });
  await store.query(TABLES);
  const keys = createRemoteJWKSet(new URL(`${issuerUrl}/jwks`));
  const check = async (token: string): Promise<void> => {
    const { rowCount } = await store.query('select 1 from bench_tokens where token = $1', [token]);
    if (rowCount !== 1) throw new Error('unknown token');
  };
  return {
    login: async (_token: string, jwt: string): Promise<string> => {
      const { payload } = await jwtVerify(jwt, keys, { issuer: issuerUrl, audience, algorithms: ['RS256'] });
      const token = randomBytes(24).toString('base64url');
      await store.query('insert into bench_tokens values ($1, $2)', [token, payload.sub]);
      return token;
    },
    credentials: async (token: string): Promise<string> => {
      await check(token);
      const [login, password] = [`vault_${randomBytes(6).toString('hex')}`, randomBytes(24).toString('base64url')];
      await store.query('insert into bench_leases values ($1, $2)', [login, token]);
      await manager.query(
        `create role ${login} login noinherit password '${password}' valid until '2099-01-01' in role ${target.group};
         alter role ${login} set role = '${target.group}'`,
      );
      const url = new URL(target.url);
      url.username = login;
      url.password = password;
      return url.href;
    },
    revoke: async (token: string, login: string): Promise<string> => {
      await check(token);
      const { rowCount } = await store.query(
        'update bench_leases set revoked_at = now() where login = $1 and token = $2',
        [login, token],
      );
      if (rowCount !== 1) throw new Error('no lease');
      await manager.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [login]);
      await manager.query(`drop role ${login}`);
      return '';
    },
  };
};

const start = async (input: VaultInput): Promise<number> => {
  const calls = await createVault(input);
  const answer = async (request: IncomingMessage): Promise<string> => {
    const name = (request.url ?? '').slice(1);
    if (name !== 'login' && name !== 'credentials' && name !== 'revoke') throw new Error(`no call ${name}`);
    return calls[name](request.headers.authorization ?? '', await readBody(request));
  };
  const server = createServer((request, response) => {
    answer(request).then(
      (text) => response.end(text),
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
};

answerCalls({ start });
