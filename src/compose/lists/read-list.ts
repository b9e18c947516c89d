/** Reads one list of targets where it is: a file, or a server by its provider. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pickFields, readRows } from '../../config/list-rows.ts';
import type { ReadRows } from '../../config/list-rows.ts';
import { execPrograms } from '../../config/environment-exec.ts';
import type { Variables } from '../../config/variable.ts';
import type { FoundRow } from '../../config/found-text.ts';
import type { ListSource, TargetList } from '../../domain/policy/types.ts';
import { pluralize } from '../../lib/pluralize.ts';
import { ProviderError } from '../../providers/provider.ts';
import { scrubber, scrubError, secretsIn } from '../../providers/scrub.ts';
import { findProvider } from '../../providers/registry.ts';

const FILE_BYTES_MAX = 8 * 1024 * 1024;
const ENTRIES_MAX = 20_000;
const PATIENCE_MS = 30_000;

/** `env`: what the operator allows is there. */
type Reading = { signal: AbortSignal; env: Variables };

export type ReadList = { rows: FoundRow[] } | { problem: string };

const fromFile = async (file: string): Promise<ReadRows> => {
  try {
    if ((await stat(file)).size > FILE_BYTES_MAX)
      return { problem: `is larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB` };
    return readRows(await readFile(file, 'utf8'), path.extname(file).slice(1).toLowerCase());
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : null;
    if (code === null) throw error;
    return { problem: code === 'ENOENT' ? 'is not there' : `cannot be read (${code})` };
  }
};

const fromProvider = async (
  { provider: id, config, only }: Extract<ListSource, { kind: 'provider' }>,
  { signal, env }: Reading,
): Promise<ReadRows> => {
  const provider = findProvider(id);
  if (!provider?.list) return { problem: `cannot be read: provider ${id} has no list of targets` };
  const [wrong] = [
    ...provider.configProblems(config),
    // Before it is read, and not by the check of the policy alone: to read it may be to run a program.
    ...provider.environmentProblems(config, { execPrograms: execPrograms(env) }),
    ...(provider.listProblems(only) ?? []),
  ];
  if (wrong) return { problem: `cannot be read: ${[wrong.path, wrong.message].filter(Boolean).join(': ')}` };
  const limit = AbortSignal.timeout(PATIENCE_MS);
  try {
    return { rows: await provider.list(config, only, { signal: AbortSignal.any([signal, limit]) }) };
  } catch (error) {
    if (limit.aborted) return { problem: `did not answer within ${PATIENCE_MS / 1000} seconds` };
    const scrub = scrubber(secretsIn(config));
    if (error instanceof ProviderError) return { problem: `cannot be read: ${scrub(error.message)}` };
    throw scrubError(error, scrub);
  }
};

const nameOf = (source: ListSource): string =>
  source.kind === 'file' ? `the file ${source.file}` : `provider ${source.provider}`;

/** `problem` is a clause that follows the name of the list. */
export const readList = async (
  { source, fields }: Pick<TargetList, 'source' | 'fields'>,
  reading: Reading,
): Promise<ReadList> => {
  const read = source.kind === 'file' ? await fromFile(source.file) : await fromProvider(source, reading);
  if ('problem' in read) return { problem: `(${nameOf(source)}) ${read.problem}` };
  if (read.rows.length > ENTRIES_MAX)
    return {
      problem: `(${nameOf(source)}) has ${pluralize(read.rows.length, 'entry', 'entries')}, more than the ${ENTRIES_MAX} that are allowed`,
    };
  return { rows: pickFields(read.rows, fields) };
};
