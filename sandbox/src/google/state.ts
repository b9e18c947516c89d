/** What an organization of Google holds. */
import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { fairWeather } from '../embedded/weather.ts';
import type { Weather } from '../embedded/weather.ts';

export type RoleName = 'OWNER' | 'MANAGER' | 'MEMBER';
export type Member = {
  /** Of the membership: another one each time. */
  id: string;
  address: string;
  roles: RoleName[];
  expiresAt: Date | null;
  /** When it came, and when it left: what is read may be older. */
  at: number;
  leftAt: number | null;
};
export type Group = {
  id: string;
  address: string;
  labels: Record<string, string>;
  isDynamic: boolean;
  members: Member[];
};
export type Fault = 'limit' | 'quota' | 'error' | 'down' | 'moved' | null;

export type State = {
  account: string;
  privateKey: string;
  publicKey: KeyObject;
  /** Whom the service account may act for, by domain-wide delegation. */
  delegated: Set<string>;
  /** Whether the service account has an administrator's right over every group. */
  isAdministrator: boolean;
  /** The edition has deadlines, and shows groups in groups. */
  isEnterprise: boolean;
  tokens: Map<string, { actsAs: string; expiresAt: number }>;
  /** Addresses of accounts of people. */
  people: Set<string>;
  groups: Group[];
  lagMs: number;
  pageSize: number;
  fault: Fault;
  weather: Weather;
  calls: string[];
};

export const newState = (): State => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    account: 'latchkey@acme-prod.iam.gserviceaccount.com',
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey,
    delegated: new Set(),
    isAdministrator: false,
    isEnterprise: true,
    tokens: new Map(),
    people: new Set(),
    groups: [],
    lagMs: 0,
    pageSize: 2,
    fault: null,
    weather: fairWeather(),
    calls: [],
  };
};

export const newGroup = (id: string, address: string): Group => ({
  id,
  address,
  labels: { 'cloudidentity.googleapis.com/groups.discussion_forum': '' },
  isDynamic: false,
  members: [],
});

let count = 0;
export const newMember = (address: string, roles: RoleName[] = ['MEMBER']): Member => {
  count += 1;
  return { id: `1${String(count).padStart(20, '0')}`, address, roles, expiresAt: null, at: 0, leftAt: null };
};
