/** The servers that the Postgres tests run on: every supported version, each started once for the whole run by the file that needs it first. */
import { inject } from 'vitest';
import { startPostgres } from '../../../sandbox/src/embedded/postgres.ts';
import { binariesOf, isForThisMachine, OLDER_VERSIONS } from '../../support/older-postgres.ts';
import { hostileTemplate } from './hostile.ts';
import { oncePerRun } from '../../support/once-per-run.ts';
import { testServices } from '../../support/services.ts';

export type TestServer = {
  adminUrl: string;
  makers: number;
  /** The database that targets are copied from, where it is not an empty one. */
  template?: string;
  stop: () => Promise<void>;
};
export type ServerOption = { title: string; start: () => Promise<TestServer> };

/** The one that the project itself installs. */
const EMBEDDED_VERSION = 18;

/** No target any more: only its refusal is tested (docs/adr/0001-postgres-14-is-no-target.md). There are binaries for Linux on x64 only. */
export const TOO_OLD = 14;

/** Oldest first; without those that have no binaries for this machine, which `servers.test.ts` names. */
export const VERSIONS: readonly number[] = [
  ...OLDER_VERSIONS.filter((version) => version > TOO_OLD).filter(isForThisMachine),
  EMBEDDED_VERSION,
];

export const filesOf = (version: number): { binaries?: string } => {
  if (version === EMBEDDED_VERSION) return {};
  const problem = inject('olderPostgresProblem');
  if (problem) throw new Error(problem);
  return { binaries: binariesOf(version, testServices().downloadDir) };
};

const startShared = async (name: string, version: number, settings: readonly string[]): Promise<string> => {
  const options = { isForTests: true, isShared: true, settings, ...filesOf(version) };
  return await oncePerRun(name, async (folder) => (await startPostgres(folder, options)).url);
};

/** URL of its superuser. Shared by all test files, so roles and databases need names of their own; it goes at the end of the run. */
export const startVersion = async (version: number): Promise<string> =>
  version === EMBEDDED_VERSION ? testServices().adminUrl : await startShared(`postgres-${version}`, version, []);

/** One of its own, with prepared transactions, which are off in a server as it comes. */
export const startPreparing = async (version: number): Promise<string> =>
  await startShared(`postgres-${version}-preparing`, version, ['max_prepared_transactions=20']);

/** One of its own, which logs as a server does whose statements are recorded. */
export const startRecording = async (version: number): Promise<string> =>
  await startShared(`postgres-${version}-recording`, version, [
    'logging_collector=on',
    'log_destination=stderr,jsonlog',
    'log_connections=on',
  ]);

const option =
  (version: number, makers = 0): ServerOption['start'] =>
  async () => ({ adminUrl: await startVersion(version), makers, stop: async () => undefined });

const hostile =
  (start: ServerOption['start']): ServerOption['start'] =>
  async () => {
    const server = await start();
    return { ...server, template: await hostileTemplate(server.adminUrl) };
  };

export const SERVERS: ServerOption[] = [
  ...VERSIONS.map((version) => ({ title: `Postgres ${version}`, start: option(version) })),
  { title: `Postgres ${EMBEDDED_VERSION} with creator roles`, start: option(EMBEDDED_VERSION, 3) },
];

/** The same, where a borrower has prepared the databases (`hostile.ts`). */
export const HOSTILE_SERVERS: ServerOption[] = SERVERS.map(({ title, start }) => ({
  title: `hostile ${title}`,
  start: hostile(start),
}));

/** Every version with what a borrower has prepared, and the newest without: what holds where names are overloaded holds where they are not. */
export const EVERY_SERVER: ServerOption[] = [...SERVERS.slice(-2, -1), ...HOSTILE_SERVERS];
