/** What an instance of IAM Identity Center holds: people, permission sets, assignments, and changes under way. */
export const INSTANCE = 'arn:aws:sso:::instance/ssoins-1234567890abcdef';
export const STORE = 'd-1234567890';

export type User = {
  UserId: string;
  UserName: string;
  UserStatus: string;
  Emails: { Value: string; Primary: boolean }[];
};
export type PermissionSet = { Name: string; SessionDuration: string; managed: string[]; inline: string };
export type Assignment = { set: string; account: string; type: 'USER' | 'GROUP'; principal: string };
export type Entry = Assignment & { isThere: boolean; changedAt: number };
export type Operation = Assignment & {
  id: string;
  kind: 'Creation' | 'Deletion';
  status: 'IN_PROGRESS' | 'FAILED' | 'SUCCEEDED';
  doneAt: number;
  reason: string | null;
};

export type Center = {
  users: User[];
  sets: Map<string, PermissionSet>;
  accounts: Set<string>;
  entries: Entry[];
  operations: Operation[];
  /** How long AWS is at work on a change. */
  workMs: number;
  /** So many at once; more are refused. */
  outstandingMax: number;
  /** The next change fails with it. */
  failure: string | null;
  reads: number;
};

export const newCenter = (): Center => ({
  users: [],
  sets: new Map(),
  accounts: new Set(),
  entries: [],
  operations: [],
  workMs: 50,
  outstandingMax: 10,
  failure: null,
  reads: 0,
});

export const isSame = (one: Assignment, other: Assignment): boolean =>
  one.set === other.set &&
  one.account === other.account &&
  one.type === other.type &&
  one.principal === other.principal;

export const entryOf = ({ entries }: Center, of: Assignment): Entry | undefined =>
  entries.find((one) => isSame(one, of));

/** What an administrator did, or the end of what was requested. */
export const change = (center: Center, of: Assignment, isThere: boolean): void => {
  const entry = entryOf(center, of);
  if (entry) Object.assign(entry, { isThere, changedAt: Date.now() });
  else center.entries.push({ ...of, isThere, changedAt: Date.now() });
};
