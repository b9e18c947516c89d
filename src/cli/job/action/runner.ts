/** How a JavaScript action speaks with its runner: inputs from the environment, outputs and state into files, commands on standard output. */
import { randomUUID } from 'node:crypto';
import { appendFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Variables } from '../../../config/variable.ts';
import { JobFailure, usedWrongly } from '../failure.ts';
import { makePrivateFolder } from '../private-folder.ts';
import { StartError } from '../../../lib/start-error.ts';

export const inputOf = (env: Variables, name: string): string | null =>
  env[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`]?.trim() || null;

export const demandInput = (env: Variables, name: string): string => {
  const value = inputOf(env, name);
  if (value === null) throw usedWrongly(`The input "${name}" is missing.`);
  return value;
};

/** The input wins over the environment. */
export const withAddress = (env: Variables): Variables => {
  const url = inputOf(env, 'url');
  return url === null ? env : { ...env, LATCHKEY_URL: url };
};

/** The value may have lines; the delimiter is one that nobody could put into it. */
const write = (env: Variables, file: string, { name, value }: { name: string; value: string }): void => {
  const target = env[file];
  if (!target) throw usedWrongly(`${file} is not set: this runs in a GitHub Action.`);
  const delimiter = `latchkey_${randomUUID()}`;
  appendFileSync(target, `${name}<<${delimiter}\n${value}\n${delimiter}\n`);
};

export const setOutput = (env: Variables, name: string, value: string): void =>
  write(env, 'GITHUB_OUTPUT', { name, value });
export const setVariable = (env: Variables, name: string, value: string): void =>
  write(env, 'GITHUB_ENV', { name, value });
export const saveState = (env: Variables, name: string, value: string): void =>
  write(env, 'GITHUB_STATE', { name, value });
export const stateOf = (env: Variables, name: string): string | null => env[`STATE_${name}`] ?? null;

const FOLDER = 'folder';

/** One of a job. The runner empties RUNNER_TEMP between jobs, and the post step does before. */
export const privateFolder = (env: Variables, files: Record<string, string>): string => {
  const folder = makePrivateFolder(env['RUNNER_TEMP'] ?? tmpdir(), files);
  saveState(env, FOLDER, folder);
  return folder;
};

export const privateFile = (env: Variables, name: string, text: string): string =>
  path.join(privateFolder(env, { [name]: text }), name);

export const removeFiles = (env: Variables): void => {
  const folder = stateOf(env, FOLDER);
  if (folder !== null) rmSync(folder, { recursive: true, force: true });
};

const escaped = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const command = (kind: 'error' | 'warning', text: string): void =>
  void process.stdout.write(`::${kind} title=Latchkey::${escaped(text)}\n`);

export const warn = (text: string): void => command('warning', text);

/** Runs the step, and says what failed as GitHub shows it. */
export const runStep = async (step: () => Promise<void>): Promise<number> => {
  try {
    await step();
    return 0;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    command('error', error.message);
    return error instanceof JobFailure ? error.exit : 1;
  }
};
