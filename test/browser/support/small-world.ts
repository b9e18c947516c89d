/** A production database in memory, for the tests of the panel: it does what one is told, and counts. */
import type { Quest, World, WorldState } from '../../../sandbox/src/demo/world.ts';

export type SmallWorld = World & {
  change: (state: Partial<WorldState>) => void;
  tick: (questId: string) => void;
  /** Cuts every session, as the end of a grant does. */
  cut: () => void;
  endedSoon: { grantId: string; inMs: number }[];
};

const PASSWORD = 'open-sesame';

const quests = (): Quest[] => [
  {
    id: 'ask',
    title: 'Ask for access',
    hint: 'Type /prod-access in a channel, or use the button in the app’s Home.',
    isDone: false,
    missing: null,
  },
  {
    id: 'approve',
    title: 'Approve it as somebody else',
    hint: 'Open a second window as Olga, who owns the database.',
    isDone: false,
    missing: null,
  },
  {
    id: 'connect',
    title: 'Log in with the credentials',
    hint: 'Show the credentials, then connect below.',
    isDone: false,
    missing: null,
  },
  {
    id: 'end',
    title: 'Let it end',
    hint: 'Press “End in 10 s” and watch the session being cut.',
    isDone: false,
    missing: null,
  },
];

const startState = (): WorldState => ({
  logins: [
    {
      server: 'Postgres',
      role: 'app_owner',
      grantId: null,
      person: null,
      memberOf: ['app_write'],
      canLogIn: true,
      validUntil: null,
    },
    {
      server: 'Postgres',
      role: 'reporting',
      grantId: null,
      person: null,
      memberOf: ['app_read'],
      canLogIn: true,
      validUntil: null,
    },
  ],
  sessions: [],
  grants: [],
  checkedAt: new Date().toISOString(),
});

export const createSmallWorld = (): SmallWorld => {
  let state = startState();
  const todo = quests();
  const listeners = new Set<() => void>();
  const open = new Set<string>();
  const endedSoon: SmallWorld['endedSoon'] = [];
  let lastId = 0;
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  const change = (given: Partial<WorldState>): void => {
    state = { ...state, ...given, checkedAt: new Date().toISOString() };
    tell();
  };
  return {
    change,
    endedSoon,
    tick: (questId) => {
      for (const quest of todo) if (quest.id === questId) quest.isDone = true;
      tell();
    },
    cut: () => {
      open.clear();
      change({ sessions: [] });
    },
    state: async () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    connect: async ({ user, password }) => {
      if (password !== PASSWORD) throw new Error(`password authentication failed for user "${user}"`);
      lastId += 1;
      const id = `c${lastId}`;
      open.add(id);
      const session = { pid: 4_000 + lastId, role: user, state: 'idle', query: '' };
      change({ sessions: [...state.sessions, session] });
      return { id, user, server: 'Postgres' };
    },
    query: async (id, sql) => {
      if (!open.has(id)) {
        return {
          ok: false,
          message: 'terminating connection due to administrator command',
          code: '57P01',
          isCut: true,
          isDenied: false,
          ms: 1,
        };
      }
      if (!/^\s*select/i.test(sql)) {
        return {
          ok: false,
          message: 'permission denied for table orders',
          code: '42501',
          isCut: false,
          isDenied: true,
          ms: 2,
        };
      }
      return {
        ok: true,
        columns: ['id', 'customer', 'total', 'status'],
        rows: [
          ['1181', 'Brauer & Sons', '129.00', 'paid'],
          ['1182', 'Meyer', '12.50', null],
          ['1183', 'Öztürk', '88.10', 'stuck'],
        ],
        command: 'SELECT',
        rowCount: 3,
        ms: 1.7,
      };
    },
    disconnect: async (id) => {
      open.delete(id);
      change({ sessions: [] });
    },
    endSoon: async (grantId, inMs) => {
      endedSoon.push({ grantId, inMs });
    },
    quests: () => structuredClone(todo),
  };
};
