/** Which programs beside the app the operator lets `exec` targets run. Anyone who edits the policy cannot widen it. */
import path from 'node:path';
import { readVariable } from './variable.ts';
import type { Variables } from './variable.ts';

const EXEC_PROGRAMS = 'LATCHKEY_EXEC_PROGRAMS';

type Reader = { read(name: string): string | null; refuse(code: string, name: string, message: string): void };

const entriesIn = (text: string): string[] => text.split(':').flatMap((part) => part.trim() || []);

const isFit = (entry: string): boolean => path.isAbsolute(entry) && path.normalize(entry) === entry && entry !== '/';

export const checkExecPrograms = (reader: Reader): void => {
  const entries = entriesIn(reader.read('LATCHKEY_EXEC_PROGRAMS') ?? '');
  if (entries.every(isFit)) return;
  reader.refuse(
    'bad_exec_programs',
    'LATCHKEY_EXEC_PROGRAMS',
    'LATCHKEY_EXEC_PROGRAMS must hold whole paths of programs, or of folders with a "/" at the end, with colons between, such as /opt/latchkey/targets/.',
  );
};

/** Programs, and folders that end in "/"; empty where nothing is switched on. */
export const execPrograms = (env: Variables): readonly string[] => {
  const found = readVariable(env, EXEC_PROGRAMS);
  return 'value' in found ? entriesIn(found.value ?? '').filter(isFit) : [];
};
