/** `latchkey exec` and its like as a job of a CI runs them: a process, known by the token address of a stand-in issuer. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { githubClaims } from '../../sandbox/src/issuer/claims.ts';
import type { Claims } from '../../sandbox/src/issuer/claims.ts';
import type { StandInIssuer } from '../../sandbox/src/issuer/issuer.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** One address that stays the same while servers come and go behind it. */
export type Front = { url: string; leadTo(port: number | null): void; close(): Promise<void> };

export const startFront = async (): Promise<Front> => {
  let behind: number | null = null;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (behind === null) return void socket.resetAndDestroy();
    const far = connect(behind, '127.0.0.1');
    far.on('error', () => socket.destroy());
    far.on('close', () => socket.destroy());
    socket.on('close', () => far.destroy());
    socket.pipe(far).pipe(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo: (port) => {
      behind = port;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
};

export type Job = {
  child: ChildProcess;
  out(): string;
  err(): string;
  ended: Promise<number | null>;
};

/** A job of GitHub, of its own unless its environment is given. */
export const githubJob = (issuer: StandInIssuer, claims: Claims = {}): Record<string, string> => {
  const job = randomUUID();
  const { url, secret } = issuer.tokenAddress(() =>
    githubClaims({ jti: randomUUID(), check_run_id: job, run_id: job, actor_id: '7', ...claims }),
  );
  return { GITHUB_ACTIONS: 'true', ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret };
};

export const startJob = (args: string[], env: Record<string, string>): Job => {
  const child = spawn(process.execPath, ['dist/bundle/latchkey.js', ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => resolve(code));
  });
  return { child, out: () => out, err: () => err, ended };
};

/** An owner agrees to what a job of one repository requests; it may not write. */
export const jobRules = (issuer: string, audience: string): string => `
rules:
  - name: Nothing for the night
    match: { clients: [api-deploy], roles: ["*/write"] }
    deny: Not by a pipeline.
  - name: An owner agrees
    approvals: [{ from: owners }]
pending: 4h
claim: 1h
limits: { open_requests: 100, live_grants: 100 }
issuers: { ci: { kind: github, url: "${issuer}" } }
clients:
  api-deploy:
    issuer: ci
    audience: "${audience}"
    repository: { id: "456789", name: acme/api }
    environment: production
    refs: [refs/heads/main]
accounts: { ci: { "7": ada@acme.test } }
admins: [security]
`;
