/** Names to the CI what must not appear in its log, before it could. */
import { execFile } from 'node:child_process';
import { fstatSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Variables } from '../../config/variable.ts';
import type { Field } from './answers.ts';
import { say } from './failure.ts';

const run = promisify(execFile);
const REDACTOR_MS = 5_000;
/** Shorter ones would blank ordinary text. */
const SHORTEST = 6;

/** A log shows a secret line by line, and in an address as URLs write it. A line ends where the CI's reader ends it: what follows is a command to it. */
const formsOf = (value: string): string[] => {
  const lines = value.split(/\r\n|[\r\n]/);
  return [...lines, ...lines.map(encodeURIComponent)].filter((form) => form.trim().length >= SHORTEST);
};

const formsToMask = (fields: readonly Field[]): string[] => [
  ...new Set(fields.filter(({ secret }) => secret).flatMap(({ value }) => formsOf(value))),
];

const commandOf = (form: string): string => `::add-mask::${form.replaceAll('%', '%25')}`;

const linkOf = (file: string): string | null => {
  try {
    return readlinkSync(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
};

/** The shell sends the output elsewhere, as in a dump that is piped into gzip: masks would end up in the dump. */
const isOutputElsewhere = (): boolean => {
  if (fstatSync(1).isFile()) return true;
  const parent = `/proc/${process.ppid}/fd`;
  const errors = linkOf('/proc/self/fd/2');
  return errors !== null && errors === linkOf(`${parent}/2`) && linkOf('/proc/self/fd/1') !== linkOf(`${parent}/1`);
};

type Way = { env: Variables; isOutputTaken?: boolean };

export const mask = async (fields: readonly Field[], { env, isOutputTaken = false }: Way): Promise<void> => {
  const forms = formsToMask(fields);
  if (forms.length === 0) return;
  if (env['GITHUB_ACTIONS'] === 'true') {
    // The runner reads both streams.
    const stream = isOutputTaken || isOutputElsewhere() ? process.stderr : process.stdout;
    await new Promise<void>((resolve) => stream.write(`${forms.map(commandOf).join('\n')}\n`, () => resolve()));
  }
  if (env['BUILDKITE'] !== 'true') return;
  const adding = run('buildkite-agent', ['redactor', 'add'], { timeout: REDACTOR_MS });
  adding.child.stdin?.on('error', () => undefined);
  adding.child.stdin?.end(forms.join('\n'));
  await adding.catch(() => say('buildkite-agent could not redact the credentials; do not print them.'));
};
