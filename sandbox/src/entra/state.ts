/** What a tenant of Entra holds. */
import { randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { fairWeather } from '../embedded/weather.ts';
import type { Weather } from '../embedded/weather.ts';

export type User = {
  id: string;
  userPrincipalName: string;
  mail: string | null;
  accountEnabled: boolean;
  isDeleted?: boolean;
};
export type Group = {
  id: string;
  displayName: string;
  groupTypes: string[];
  mailEnabled: boolean;
  isAssignableToRole: boolean;
  onPremisesSyncEnabled: boolean | null;
  visibility: string | null;
  /** Of people and groups, with when each came and left: what is read may be older. */
  members: Map<string, { isIn: boolean; at: number }>;
  owners: { id: string; type: 'user' | 'servicePrincipal' }[];
};
export type Fault = 'limit' | 'busy' | 'error' | 'down' | 'moved' | 'elsewhere' | null;

export type State = {
  tenant: string;
  clientId: string;
  clientSecret: string;
  /** Of the certificate that the app shows: its public key and its SHA-256. */
  certificate: { publicKey: KeyObject; thumbprint: string } | null;
  /** Of another issuer, which the app trusts. */
  federatedToken: string | null;
  /** Application permissions with consent. */
  permissions: Set<string>;
  /** Signs access tokens. */
  key: Uint8Array;
  /** Tokens issued before are refused. */
  notBefore: number;
  assertions: Set<string>;
  users: User[];
  groups: Group[];
  lagMs: number;
  pageSize: number;
  fault: Fault;
  weather: Weather;
  calls: string[];
};

export const newState = (): State => ({
  tenant: '11111111-2222-4333-8444-555555555555',
  clientId: '66666666-7777-4888-9999-aaaaaaaaaaaa',
  clientSecret: `${randomBytes(24).toString('base64url')}~`,
  certificate: null,
  federatedToken: null,
  permissions: new Set(['GroupMember.ReadWrite.All', 'User.Read.All']),
  key: new Uint8Array(randomBytes(32)),
  notBefore: 0,
  assertions: new Set(),
  users: [],
  groups: [],
  lagMs: 0,
  pageSize: 2,
  fault: null,
  weather: fairWeather(),
  calls: [],
});

export const newGroup = (id: string, displayName: string): Group => ({
  id,
  displayName,
  groupTypes: [],
  mailEnabled: false,
  isAssignableToRole: false,
  onPremisesSyncEnabled: null,
  visibility: null,
  members: new Map(),
  owners: [],
});
