/** Is each host reachable, prepared and right? Each finding says how to fix it. */
import type { Finding } from '../provider.ts';
import { ProviderError } from '../provider.ts';
import { sudoLines, type Scope } from './config.ts';
import type { HostConnection } from './connection.ts';
import { ask, type Account } from './questions.ts';
import type { Server } from './server.ts';

const MOST_SKEW_MS = 30_000;

const error = (code: string, message: string): Finding => ({ level: 'error', code, message });
const warning = (code: string, message: string): Finding => ({ level: 'warning', code, message });

/** `aheadMs`: of the host's clock; negative where it is behind. */
const clockFinding = (name: string, aheadMs: number): Finding[] => {
  if (Math.abs(aheadMs) <= MOST_SKEW_MS) return [];
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const what = aheadMs > 0 ? 'ahead: access ends early there' : 'behind: without Latchkey access would end late there';
  return [warning('clock', `The clock of the host ${name} is ${seconds} s ${what}. Set it by NTP.`)];
};

const oldHelper = (name: string): Finding =>
  warning(
    'old_helper',
    `The helper on the host ${name} is of an earlier release, and an account there could hold out against its end, or misuse what is removed as root. Run the script of latchkey doctor --sql there again.`,
  );

/** Of accounts that are closed: nobody gets in by them, and something of theirs is still there. */
const leftOn = (name: string, accounts: readonly Account[]): Finding[] =>
  accounts
    .filter(({ left }) => left !== '')
    .map(({ account, left }) =>
      error(
        'files_left',
        `On the host ${name} files of the ended access ${account} could not be removed: ${left}. See as root what holds them there, such as a mount or an attribute (findmnt, lsattr), and remove it.`,
      ),
    );

const findingsOn = async (
  host: HostConnection,
  scopes: Record<string, Scope>,
  signal: AbortSignal,
): Promise<Finding[]> => {
  const sentAt = Date.now();
  const { host: facts, accounts } = await ask(host, { verb: 'list' }, signal);
  if (facts === null) return [];
  const needSudo = Object.entries(scopes).flatMap(([role, scope]) => (sudoLines(scope).length > 0 ? [role] : []));
  return [
    ...(facts.missing === ''
      ? []
      : [
          error(
            'no_program',
            `The host ${host.name} lacks ${facts.missing.split(' ').join(', ')}. Install the packages that hold them: coreutils, findutils, gawk or mawk, util-linux, passwd.`,
          ),
        ]),
    ...(facts.isHelperOld ? [oldHelper(host.name)] : []),
    ...leftOn(host.name, accounts),
    ...(needSudo.length === 0 || facts.hasSudo
      ? []
      : [
          error(
            'no_sudo',
            `The host ${host.name} has no sudo, which ${needSudo.join(', ')} needs. Install it there: apt-get install sudo.`,
          ),
        ]),
    ...clockFinding(host.name, facts.nowMs - (sentAt + Date.now()) / 2),
  ];
};

const SUDO = 'Accounts, files, jobs and programs that were made as root through sudo stay after the end.';

const remains = (scopes: Record<string, Scope>): Finding[] => {
  const roles = Object.entries(scopes).flatMap(([role, scope]) => (sudoLines(scope).length > 0 ? [role] : []));
  if (roles.length === 0) return [];
  const every = roles.filter((role) => scopes[role]?.sudo === true);
  const which = every.length > 0 ? ` ${every.join(', ')} may run everything as root.` : '';
  return [
    {
      ...warning(
        'sudo',
        `Through sudo somebody can keep something when their access has ended.${which} Name exact commands where you can.`,
      ),
      remains: { roles, sentences: [SUDO] },
    },
  ];
};

/** One host that is not well hides nothing about the others. */
export const preflight = async (
  server: Server,
  scopes: Record<string, Scope>,
  signal: AbortSignal,
): Promise<Finding[]> => {
  const found = await Promise.all(
    server.hosts.map(async (host): Promise<Finding[]> => {
      try {
        return await findingsOn(host, scopes, signal);
      } catch (failure) {
        if (!(failure instanceof ProviderError)) throw failure;
        return [error(failure.kind, failure.message)];
      }
    }),
  );
  return [...found.flat(), ...remains(scopes)];
};
