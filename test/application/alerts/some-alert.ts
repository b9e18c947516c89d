/** A policy that maps alerts, and what a source says of them. */
import type { AlertSignal } from '../../../src/domain/alerts/types.ts';
import type { Policy } from '../../../src/domain/policy/types.ts';
import { policyOf } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

const RULES = `rules:
  - name: The lag lets those on call read
    match: { roles: ["*/read"], alerts: [lag] }
    approve: true
  - name: The rest needs an owner
    approvals: [{ from: owners }]`;

const ENTRIES = `  - { name: lag, source: generic, match: { title: "*lag*" }, role: orders-db/read, for: 20m, to: on-call, channel: incident }
  - { name: disk, source: generic, match: { title: "*disk*" }, role: orders-db/write, for: 10m, to: on-call }`;

export const alertPolicy = ({ rules = RULES, entries = ENTRIES, rest = '' } = {}): Policy =>
  policyOf(undefined, `${rules}\nalerts:\n${entries}\nadmins: [sre]\n${rest}`);

const MINUTE_MS = 60_000;
const BEGAN = Date.parse('2026-11-22T03:00:00Z');

export const firing = (changes: Partial<AlertSignal> & { minute?: number } = {}): AlertSignal => {
  const { minute = 0, ...rest } = changes;
  return {
    source: 'generic',
    key: 'lag-1',
    state: 'firing',
    at: new Date(BEGAN + minute * MINUTE_MS),
    title: 'replica lag',
    url: null,
    service: null,
    severity: null,
    labels: {},
    ...rest,
  };
};

export const resolved = (changes: Parameters<typeof firing>[0] = {}): AlertSignal =>
  firing({ state: 'resolved', minute: 5, ...changes });

type Stored = { id: string; mapping: string; state: string; title: string };

export const alertsIn = async ({ pool }: IncidentRig): Promise<Stored[]> =>
  (await pool.query<Stored>('select id, mapping, state, title from alerts order by created_at, id')).rows;

/** The id of the alert that comes of it. */
export const fire = async (rig: IncidentRig, changes: Parameters<typeof firing>[0] = {}): Promise<string> => {
  await rig.useCases.receiveAlerts({ signals: [firing(changes)] });
  const id = (await alertsIn(rig)).at(-1)?.id;
  if (id === undefined) throw new Error('no alert');
  return id;
};
