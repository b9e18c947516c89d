/** The commands as they are typed. */
import type { Command } from 'commander';
import { print, printJson } from '../output.ts';
import { readTypedDuration } from '../../domain/time/typed-duration.ts';
import type { EndAnswer } from './answers.ts';
import { demandActive, requestAccess, sentenceOf, waitForAccess } from './access.ts';
import type { Wanted } from './access.ts';
import { fetchCredentials } from './credentials.ts';
import { readNaming, shellLines } from './environment.ts';
import type { Naming } from './environment.ts';
import { exec } from './exec.ts';
import { JobFailure, say, usedWrongly } from './failure.ts';
import { mask } from './masks.ts';
import { planOf } from './plan.ts';
import { PATIENCE_MS, connect } from './server.ts';

type SetExit = (code: number) => void;
type Json = { json?: boolean };
type RequestFlags = { role: string; for?: string; reason: string; ticket?: string; window?: string; plan?: string };
type ExecFlags = RequestFlags & { wait: string; env: Naming[]; file?: boolean; showCommand?: boolean };

const WAIT = '30m';
const ROLE = /^[^/\s]+\/[^/\s]+$/;

const durationOf = (flag: string, text: string): number => {
  const ms = readTypedDuration(text);
  if (ms === null) throw usedWrongly(`${flag} ${text.slice(0, 40)} is no duration; write one such as 30m or 1h30m.`);
  return ms;
};

const wantedOf = (
  { role, for: length, reason, ticket, window, plan: file }: RequestFlags,
  command: readonly string[] | null = null,
): Wanted => {
  const plan = planOf({ file, command }, process.env);
  if (!ROLE.test(role)) throw usedWrongly(`--role ${role.slice(0, 60)}: write target/role, such as orders-db/read.`);
  if (length !== undefined) durationOf('--for', length);
  const more = {
    ...(length !== undefined && { for: length }),
    ...(ticket !== undefined && { ticket }),
    ...(window !== undefined && { window }),
    ...(plan !== undefined && { plan }),
  };
  return { role, reason, ...more };
};

const runExec = (command: string[], flags: ExecFlags): Promise<number> =>
  exec({
    wanted: wantedOf(flags, flags.showCommand === true ? command : null),
    waitMs: durationOf('--wait', flags.wait),
    namings: flags.env,
    inFile: flags.file === true,
    command,
  });

const runRequest = async (flags: RequestFlags & Json): Promise<void> => {
  const wanted = wantedOf(flags);
  const answer = await requestAccess(connect(process.env), wanted, { deadline: performance.now() + PATIENCE_MS });
  if (answer.state !== 'pending' && answer.state !== 'approved') demandActive(answer);
  say(sentenceOf(answer));
  if (flags.json) printJson(answer);
  else print(answer.id);
};

const runWait = async (id: string, { wait, json }: { wait: string } & Json): Promise<void> => {
  const until = { deadline: performance.now() + durationOf('--wait', wait) };
  const server = connect(process.env);
  const first = await server.call<Parameters<typeof sentenceOf>[0]>('GET', `/requests/${encodeURIComponent(id)}`, {
    doing: 'Waiting for the decision',
  });
  const answer = await waitForAccess(server, first, until);
  if (json) printJson(answer);
  demandActive(answer);
  say(sentenceOf(answer));
};

const runCredentials = async (id: string, { env, json }: { env: Naming[] } & Json): Promise<void> => {
  const given = await fetchCredentials(connect(process.env), id);
  await mask(given.fields, { env: process.env, isOutputTaken: true });
  if (json) printJson(given);
  else for (const line of shellLines(given.fields, env)) process.stdout.write(`${line}\n`);
};

const GONE: EndAnswer = { ended: [], ending: [] };

const runDone = async (id: string | undefined, { json }: Json): Promise<void> => {
  const path = id === undefined ? '/grants?mine' : `/grants/${encodeURIComponent(id)}`;
  const answer = await connect(process.env)
    .call<EndAnswer>('DELETE', path, { timeoutMs: 30_000, doing: 'Giving the access back' })
    .catch((error: unknown) => {
      if (error instanceof JobFailure && error.code === 'not_active') return GONE;
      throw error;
    });
  if (json) return printJson(answer);
  const { ended, ending } = answer;
  if (ended.length === 0 && ending.length === 0) say('Nothing to give back: this job has no access.');
  if (ended.length > 0) say(`Given back: ${ended.join(', ')}.`);
  if (ending.length > 0) say(`Being ended, not yet confirmed by the target: ${ending.join(', ')}.`);
};

const JSON_FLAG = ['--json', 'print the facts as JSON'] as const;
const ENV_FLAG = [
  '--env <name=field>',
  'a field of the credentials in a variable of your own, such as DATABASE_URL=url',
] as const;
const addNaming = (text: string, others: Naming[]): Naming[] => [...others, readNaming(text)];

const requesting = (command: Command): Command =>
  command
    .requiredOption('--role <target/role>', 'what is needed')
    .requiredOption('--reason <text>', 'why, for the people who decide')
    .option('--for <duration>', "how long; the role's default if left out")
    .option('--ticket <id>', 'the ticket, where a rule wants one')
    .option('--window <name>', 'for the next opening of a window of the policy: decided now, used then, once')
    .option(
      '--plan <file>',
      'what it will do, for the people who decide: the beginning of this file, without secrets of the job',
    );

export const addJobCommands = (program: Command, setExit: SetExit): void => {
  requesting(
    program
      .command('exec')
      .description('run a command with temporary access: request, wait for a decision, run, give back')
      .argument('<command...>', 'the command and its arguments, after --'),
  )
    .option('--wait <duration>', 'how long to wait for a decision', WAIT)
    .option(ENV_FLAG[0], `${ENV_FLAG[1]}; may be repeated`, addNaming, [])
    .option('--show-command', 'show the command line to the people who decide, without secrets of the job')
    .option('--file', 'PostgreSQL: the password in a file (PGPASSFILE) in place of PGPASSWORD')
    .action(async (command: string[], flags: ExecFlags) => setExit(await runExec(command, flags)));
  requesting(program.command('request').description('request access for this job, and print the id of the request'))
    .option(...JSON_FLAG)
    .action(runRequest);
  program
    .command('wait')
    .description('wait until a request of this job is decided and its access is active')
    .argument('<request>')
    .option('--wait <duration>', 'how long to wait for a decision', WAIT)
    .option(...JSON_FLAG)
    .action(runWait);
  program
    .command('credentials')
    .description('print the credentials of an active request, as lines for a shell')
    .argument('<request>')
    .option(ENV_FLAG[0], `${ENV_FLAG[1]}; may be repeated`, addNaming, [])
    .option(...JSON_FLAG)
    .action(runCredentials);
  program
    .command('done')
    .description('give back access; without an id, all that this job has')
    .argument('[grant]')
    .option(...JSON_FLAG)
    .action(runDone);
};
