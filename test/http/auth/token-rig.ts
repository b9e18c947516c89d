/** A stand-in issuer, a policy with clients of every kind, and what a token is by them. */
import { githubClaims } from '../../../sandbox/src/issuer/claims.ts';
import type { Claims } from '../../../sandbox/src/issuer/claims.ts';
import type { MintOptions, StandInIssuer } from '../../../sandbox/src/issuer/issuer.ts';
import type { ClientEntry } from '../../../src/domain/clients/client.ts';
import type { IssuerKind } from '../../../src/domain/principals/client.ts';
import { examineToken } from '../../../src/http/auth/examine-token.ts';
import type { Examination, TokenSettings } from '../../../src/http/auth/examine-token.ts';
import { createIssuerKeys } from '../../../src/http/auth/issuer-keys.ts';
import type { IssuerKeys } from '../../../src/http/auth/issuer-keys.ts';
import { createLog } from '../../../src/lib/log.ts';

export const AUDIENCE = 'https://latchkey.acme.test';

export const entry = (name: string, parts: Partial<ClientEntry>): ClientEntry => ({
  name,
  issuer: 'ci',
  audience: null,
  repository: null,
  project: null,
  organization: null,
  pipeline: null,
  serviceAccount: null,
  workflow: null,
  environment: null,
  refs: null,
  events: null,
  runners: null,
  claims: {},
  isUnsafe: false,
  channel: null,
  ...parts,
});

export const deploy = (parts: Partial<ClientEntry> = {}): ClientEntry =>
  entry('api-deploy', {
    repository: { id: '456789', name: 'acme/api' },
    environment: 'production',
    refs: ['refs/heads/main', 'refs/tags/v*'],
    ...parts,
  });

export type Rig = {
  issuer: StandInIssuer;
  keys: IssuerKeys;
  kind?: IssuerKind;
  clients?: ClientEntry[];
  keysFile?: string | null;
};

export const newKeys = (): IssuerKeys => createIssuerKeys({ log: createLog('silent') });

const settingsOf = ({ issuer, keys, kind = 'github', clients = [deploy()], keysFile = null }: Rig): TokenSettings => ({
  policy: {
    issuers: { ci: { name: 'ci', kind, url: issuer.url, keysFile } },
    clients: Object.fromEntries(clients.map((client) => [client.name, client])),
  },
  keys,
  publicUrl: AUDIENCE,
  now: new Date(),
  isThorough: false,
});

const examined = (rig: Rig, token: string): Promise<Examination> => examineToken(token, settingsOf(rig));

/** The client, or the first claim that fails. */
const outcomeOf = ({ client, checks, matches }: Examination): string => {
  if (client) return client.name;
  const fitting = matches.filter(({ isMatch }) => isMatch);
  const failing = [...checks, ...matches.flatMap((match) => match.checks)].find(({ isMet }) => !isMet);
  return fitting.length > 1 ? 'two clients' : `not ${failing?.claim ?? 'anything'}`;
};

export const whoIs = async (rig: Rig, token: string): Promise<string> => outcomeOf(await examined(rig, token));

export const github = (rig: Rig, claims: Claims = {}, options: MintOptions = {}): Promise<string> =>
  rig.issuer.mint(githubClaims({ aud: AUDIENCE, ...claims }), options);
