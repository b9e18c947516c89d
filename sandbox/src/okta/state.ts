/** What an organization of Okta holds. */
import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { fairWeather } from '../embedded/weather.ts';
import type { Weather } from '../embedded/weather.ts';

export type User = { id: string; status: string; profile: { login: string; email: string } };
export type Group = { id: string; type: string; profile: { name: string }; members: Set<string> };
export type Rule = { id: string; name: string; status: string; groupIds: string[] };
export type Fault = 'limit' | 'error' | 'down' | 'moved' | 'elsewhere' | null;

export type State = {
  clientId: string;
  privateKey: string;
  publicKey: KeyObject;
  /** With `SSWS`. */
  apiToken: string;
  /** What was granted to the service app. */
  scopes: Set<string>;
  /** What its administrator's roles give: members only of these groups. */
  rights: { users: boolean; rules: boolean; members: Set<string> };
  /** Access tokens, with the scopes and the time they end. */
  tokens: Map<string, { scopes: string[]; expiresAt: number }>;
  /** `jti` of assertions: each is good once. */
  assertions: Set<string>;
  users: User[];
  groups: Group[];
  rules: Rule[];
  pageSize: number;
  fault: Fault;
  weather: Weather;
  calls: string[];
};

export const newState = (): State => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    clientId: '0oa1a2b3c4d5e6f7g8h9',
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey,
    apiToken: '00aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789abcd',
    scopes: new Set(['okta.groups.manage', 'okta.users.read']),
    rights: { users: true, rules: true, members: new Set() },
    tokens: new Map(),
    assertions: new Set(),
    users: [],
    groups: [],
    rules: [],
    pageSize: 2,
    fault: null,
    weather: fairWeather(),
    calls: [],
  };
};
