/** What an account holds: users and roles with policies, and the sessions that were begun. */
import { fairWeather, type Weather } from '../embedded/weather.ts';
import { randomBytes } from 'node:crypto';
import { newCenter, type Center } from './center-state.ts';

export const ACCOUNT = '111122223333';

/** One version of an inline policy; null is that it was deleted. */
type Version = { text: string | null; visibleAt: number };

export type Role = {
  name: string;
  arn: string;
  id: string;
  trust: string;
  maxSeconds: number;
  /** That an administrator gave it. */
  base: string;
  inline: Map<string, Version[]>;
};

export type User = { name: string; arn: string; id: string; base: string };

export type Session = {
  arn: string;
  userId: string;
  /** Null for one of the organization beside it. */
  role: Role;
  policy: string | null;
  token: string;
  issuedAt: number;
  endsAt: number;
};

export type Key = { secret: string; holder: { user: User } | { session: Session } };

/** What a test does to the next calls that fit; null lets one through. `after`: it is done, and the line cut. */
export type Fault = 'reset' | 'reset after' | 'hang' | { status: number; code: string } | null;

export type OrganizationAccount = {
  Id: string;
  Name: string;
  Email: string;
  State?: string;
  Status?: string;
  parent: string;
};

export type State = {
  organization: OrganizationAccount[];
  center: Center;
  keys: Map<string, Key>;
  roles: Map<string, Role>;
  /** Web identity tokens, and whose role each opens. */
  tokens: Map<string, string>;
  /** How long a change is shown to some and not to others. */
  lagMs: number;
  /** AWS's clock against that of this machine. */
  clockMs: number;
  /** Calls a second; more are throttled. */
  ratePerSecond: number;
  calls: number[];
  reads: number;
  orders: number;
  log: string[];
  weather: Weather;
  onCall: ((call: string) => Fault) | null;
};

export const newState = (): State => ({
  organization: [],
  center: newCenter(),
  keys: new Map(),
  roles: new Map(),
  tokens: new Map(),
  lagMs: 0,
  clockMs: 0,
  ratePerSecond: Number.POSITIVE_INFINITY,
  calls: [],
  reads: 0,
  orders: 3,
  log: [],
  weather: fairWeather(),
  onCall: null,
});

export const nowOf = ({ clockMs }: State): number => Date.now() + clockMs;

export const newId = (prefix: string): string => prefix + randomBytes(8).toString('hex').toUpperCase();

export const addUser = (state: State, name: string, base: string): { id: string; secret: string } => {
  const id = newId('AKIA');
  const secret = randomBytes(30).toString('base64');
  const arn = `arn:aws:iam::${ACCOUNT}:user/${name}`;
  state.keys.set(id, { secret, holder: { user: { name, arn, id: newId('AIDA'), base } } });
  return { id, secret };
};

export const addRole = (
  state: State,
  name: string,
  { trusts, base, maxSeconds = 3_600 }: { trusts: string; base: string; maxSeconds?: number },
): Role => {
  const trust = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: trusts }, Action: 'sts:AssumeRole' }],
  });
  const arn = `arn:aws:iam::${ACCOUNT}:role/${name}`;
  const role = { name, arn, id: newId('AROA'), trust, maxSeconds, base, inline: new Map<string, Version[]>() };
  state.roles.set(name, role);
  return role;
};

export const write = (state: State, role: Role, { name, text }: { name: string; text: string | null }): void => {
  const visibleAt = Date.now() + state.lagMs;
  const before = role.inline.get(name) ?? [];
  role.inline.set(name, [...before.slice(-3), { text, visibleAt }]);
};

const lastBefore = (versions: readonly Version[], at: number): string | null =>
  versions.findLast(({ visibleAt }) => visibleAt <= at)?.text ?? null;

/** As every copy has it by now. */
export const settled = (role: Role, name: string): string | null => lastBefore(role.inline.get(name) ?? [], Date.now());

/** As it was written last, which some copies do not show yet. */
export const newest = (role: Role, name: string): string | null => role.inline.get(name)?.at(-1)?.text ?? null;

/** As one of the copies shows it: while a change is on its way, every second reader sees what was before. */
export const shown = (state: State, role: Role, name: string): string | null => {
  state.reads += 1;
  return state.reads % 2 === 0 ? newest(role, name) : settled(role, name);
};
