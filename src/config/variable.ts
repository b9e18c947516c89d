/** Reads one environment variable, or the file that `NAME_FILE` names. */
import { readFileSync, statSync } from 'node:fs';

/** A bundle of all authorities of a cloud is larger than 64 KiB. */
const FILE_BYTES_MAX = 1_048_576;

export type Variables = Record<string, string | undefined>;

/** The value, null where it is not set, or what is wrong as a sentence that never holds the value. An empty value is not set. */
export const readVariable = (env: Variables, name: string): { value: string | null } | { problem: string } => {
  const given = (of: string): string | null => {
    const text: unknown = env[of];
    return typeof text === 'string' && text.trim() ? text : null;
  };
  const value = given(name);
  const file = given(`${name}_FILE`)?.trim() ?? null;
  if (file === null) return { value };
  if (value) return { problem: `${name} and ${name}_FILE are both set; unset one of them.` };
  try {
    if (statSync(file).size > FILE_BYTES_MAX)
      return { problem: `The file of ${name}_FILE is larger than 1 MiB; give a file with the value alone.` };
    const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    return text.trim() ? { value: text } : { problem: `The file of ${name}_FILE is empty; write the value into it.` };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return { problem: `The file of ${name}_FILE (${file}) cannot be read (${code}); check its path and permissions.` };
  }
};
