/** `latchkey init`: a few questions, then every file of a first set-up: policy, Slack manifest, preparation of each target, compose file, secrets. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { preparationOf } from '../compose/doctor/target-look.ts';
import { parsePolicyAt, providerIds } from '../compose/init.ts';
import { formatProblem } from '../config/problem.ts';
import { StartError } from '../lib/start-error.ts';
import { programVersion } from '../lib/version.ts';
import { runDoctor } from './doctor.ts';
import { UsageError } from './exit.ts';
import { NOT_ANSWERED, readAnswers } from './init/answers.ts';
import type { Answers, Ask, InitFlags } from './init/answers.ts';
import {
  composeText,
  createAppUrl,
  envText,
  manifestText,
  policyText,
  readEnvText,
  unkeptLine,
  variablesIn,
} from './init/files.ts';
import { print, printJson } from './output.ts';
import type { Exit } from './output.ts';

type Flags = InitFlags & { out: string; yes?: boolean; force?: boolean; json?: boolean; doctor: boolean };
/** Relative to the folder that is written to. */
type File = { name: string; text: string; isSecret?: boolean };

/** Beside the program, as the migrations are. */
const shipped = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const exampleOf = (provider: string): string => shipped(`examples/${provider}.yml`);

const EXTENSIONS: Record<string, string> = { postgres: 'sql', mysql: 'sql', kubernetes: 'yml', ssh: 'sh' };

const preparations = async (policy: string, env: NodeJS.ProcessEnv): Promise<File[]> => {
  const loaded = parsePolicyAt(policy, env);
  if ('problems' in loaded)
    throw new StartError(`The policy that was made is refused:\n${loaded.problems.map(formatProblem).join('\n')}`);
  const files = await Promise.all(
    Object.values(loaded.policy.targets).map(async (target): Promise<File[]> => {
      const prepared = await preparationOf(target);
      const extension = EXTENSIONS[target.provider] ?? 'txt';
      return prepared ? [{ name: `prepare/${target.name}.${extension}`, text: prepared.text }] : [];
    }),
  );
  return files.flat();
};

const filesFor = async (
  answers: Answers,
  knownEnv: Record<string, string>,
): Promise<{ files: File[]; url: string }> => {
  const policy = policyText(answers, exampleOf);
  const manifest = manifestText(shipped('manifest.yml'), answers.publicUrl);
  const env = envText({ publicUrl: answers.publicUrl, variables: variablesIn(policy) }, knownEnv);
  const files = [
    { name: 'latchkey.yml', text: policy },
    { name: 'slack-manifest.yml', text: manifest },
    ...(await preparations(policy, { ...process.env, ...readEnvText(env) })),
    { name: 'compose.yml', text: composeText(programVersion(), answers.publicUrl) },
    { name: '.env', text: env, isSecret: true },
  ];
  return { files, url: createAppUrl(manifest) };
};

const demandFree = (folder: string, names: readonly string[]): void => {
  const there = names.filter((name) => existsSync(path.join(folder, name)));
  if (there.length > 0)
    throw new UsageError(
      `Nothing was written: ${there.join(', ')} ${there.length === 1 ? 'is' : 'are'} there already. Name another folder with --out, or overwrite with --force (secrets in .env are kept).`,
    );
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

/** In place of the one before, whole or not at all: a file that others may read would stay one, and a key that is in use must not be lost. */
const replaceFile = (file: string, text: string, mode: number): void => {
  const made = `${file}.new`;
  rmSync(made, { force: true });
  writeFileSync(made, text, { flag: 'wx', mode, flush: true });
  renameSync(made, file);
};

const write = (folder: string, files: readonly File[], isForced: boolean): void => {
  for (const { name, text, isSecret = false } of files) {
    const file = path.join(folder, name);
    try {
      mkdirSync(path.dirname(file), { recursive: true });
      // A secret is never readable for others, not for a moment.
      const mode = isSecret ? 0o600 : 0o644;
      if (isForced) replaceFile(file, text, mode);
      else writeFileSync(file, text, { flag: 'wx', mode });
    } catch (error) {
      throw new StartError(`${file} cannot be written (${codeOf(error)}).`, { cause: error });
    }
  }
};

const askAt = async <T>(flags: Flags, work: (ask: Ask) => Promise<T>): Promise<T> => {
  if (flags.yes || !process.stdin.isTTY || !process.stderr.isTTY) return work(null);
  // Standard output holds what was done, also where a program reads it.
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await work((question) => lines.question(question));
  } finally {
    lines.close();
  }
};

const demandWord = ({ yes, owner, admin }: Flags): void => {
  if (!yes && !process.stdin.isTTY && (owner === undefined || admin === undefined))
    throw new UsageError(
      'There is no terminal to ask at: say --owner and --admin, or --yes to take what is usual and correct it later.',
    );
};

const nextSteps = ({ owners, admins, channel, publicUrl }: Answers, url: string): string[] => [
  `Create the Slack app: open this address, pick the workspace, install it, and invite the bot to ${channel}.`,
  url,
  `Write ${publicUrl === null ? 'the bot token and the app-level token' : 'the bot token and the signing secret'} into .env.`,
  'Run what is in prepare/ on each target, and write its address into .env.',
  ...([NOT_ANSWERED.owner, NOT_ANSWERED.admin].some((name) => owners.includes(name) || admins.includes(name))
    ? ['Replace the example addresses in latchkey.yml by those of people.']
    : []),
  'Start it with `docker compose up -d`, or as README.md says. Keep .env out of every repository.',
];

/** Secrets that are there already. */
const keptIn = (envFile: string): Record<string, string> => {
  const text = existsSync(envFile) ? readFileSync(envFile, 'utf8') : '';
  const line = unkeptLine(text);
  if (line === null) return readEnvText(text);
  throw new UsageError(
    `Nothing was written: line ${line} of .env is not of the form NAME=value, with a capital NAME and all of the value in one line, so it would be lost. Move .env elsewhere, run this again, and copy what you need back.`,
  );
};

const init = async (flags: Flags): Promise<Exit> => {
  demandWord(flags);
  const folder = path.resolve(flags.out);
  const always = ['latchkey.yml', 'slack-manifest.yml', 'compose.yml', '.env'];
  if (!flags.force) demandFree(folder, always);
  const answers = await askAt(flags, (ask) => readAnswers(flags, { ask, providers: providerIds() }));
  const envFile = path.join(folder, '.env');
  const known = keptIn(envFile);
  const { files, url } = await filesFor(answers, known);
  const names = files.map(({ name }) => name);
  if (!flags.force) demandFree(folder, names);
  write(folder, files, flags.force === true);
  if (!flags.json) {
    print(`Written to ${folder}: ${names.join(', ')}.`);
    print(nextSteps(answers, url).join('\n'));
  }
  const report = flags.doctor ? await runDoctorIn(folder, readEnvText(readFileSync(envFile, 'utf8'))) : null;
  if (flags.json) printJson({ folder, files: names, createApp: url, doctor: report?.json ?? null });
  else if (report) print(`\nWhat \`latchkey doctor\` finds now:\n\n${report.text}`);
  return 0;
};

/** With the secrets that were written, unless the environment has others. */
const runDoctorIn = (folder: string, written: Record<string, string>) => {
  for (const [name, value] of Object.entries(written))
    if (value && !process.env[name]?.trim()) process.env[name] = value;
  return runDoctor(path.join(folder, 'latchkey.yml'));
};

const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** What hangs in a look that was given up must not keep the command. */
const LINGER_MS = 500;

export const addInitCommand = (program: Command, setExit: (code: Exit) => void): void => {
  program
    .command('init')
    .description('ask a few questions and write a first set-up: policy, Slack manifest, SQL, compose file, secrets')
    .option('--target <name=kind>', 'a target to start with, as orders-db=postgres; may be repeated', collect)
    .option('--owner <email>', 'who owns the targets and approves; several with commas')
    .option('--admin <email>', 'who administers Latchkey; several with commas')
    .option('--channel <#name>', 'the Slack channel for requests')
    .option('--timezone <zone>', 'as Europe/Berlin')
    .option('--public-url <url>', 'for HTTP mode; Socket Mode needs none')
    .option('--out <dir>', 'where to write', '.')
    .option('--yes', 'ask nothing, and take what is usual')
    .option('--force', 'overwrite files that are there; secrets in .env are kept')
    .option('--no-doctor', 'do not look at what is missing yet')
    .option('--json', 'print what was written as JSON')
    .action(async (flags: Flags) => {
      setExit(await init(flags));
      setTimeout(() => process.exit(), LINGER_MS).unref();
    });
};
