/** The step itself: requests, waits, and hands the credentials to the steps that name its outputs. */
import { readTypedDuration } from '../../../domain/time/typed-duration.ts';
import type { Variables } from '../../../config/variable.ts';
import { demandActive, requestAccess, takeBack, waitForAccess } from '../access.ts';
import type { Until, Wanted } from '../access.ts';
import type { Field, RequestAnswer } from '../answers.ts';
import { fetchCredentials } from '../credentials.ts';
import { credentialsIn, isFileField, readNaming } from '../environment.ts';
import type { Naming } from '../environment.ts';
import { usedWrongly } from '../failure.ts';
import { mask } from '../masks.ts';
import { connect } from '../server.ts';
import type { Server } from '../server.ts';
import { listenToSignals } from '../signals.ts';
import { SSH_VARIABLE, sshFiles } from '../ssh-files.ts';
import {
  demandInput,
  inputOf,
  privateFile,
  privateFolder,
  saveState,
  setOutput,
  setVariable,
  withAddress,
} from './runner.ts';

const WAIT = '30m';

const waitMs = (env: Variables): number => {
  const text = inputOf(env, 'wait') ?? WAIT;
  const ms = readTypedDuration(text);
  if (ms === null) throw usedWrongly(`The input "wait" is no duration: ${text.slice(0, 40)}; write one such as 30m.`);
  return ms;
};

const wantedOf = (env: Variables): Wanted => {
  const [length, ticket] = [inputOf(env, 'for'), inputOf(env, 'ticket')];
  return {
    role: demandInput(env, 'role'),
    reason: demandInput(env, 'reason'),
    ...(length !== null && { for: length }),
    ...(ticket !== null && { ticket }),
  };
};

const namingsOf = (env: Variables) =>
  (inputOf(env, 'env') ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .map(readNaming);

const decided = async (server: Server, env: Variables, until: Until): Promise<RequestAnswer> => {
  const asked = await requestAccess(server, wantedOf(env), until);
  // Before anything is waited for: the post step cancels what a cancelled job left.
  saveState(env, 'request', asked.id);
  try {
    return demandActive(await waitForAccess(server, asked, until));
  } catch (error) {
    await takeBack(server, asked);
    throw error;
  }
};

const isExported = (env: Variables): boolean => {
  const text = inputOf(env, 'export') ?? 'false';
  if (text !== 'true' && text !== 'false')
    throw usedWrongly(`The input "export" must be true or false, and is ${text.slice(0, 40)}.`);
  return text === 'true';
};

/** What clients read from a file is written to one, which the post step removes; the field is its path then. */
const withFiles = (env: Variables, fields: readonly Field[]): Field[] =>
  fields.map((field) => (isFileField(field) ? { ...field, value: privateFile(env, field.name, field.value) } : field));

const exportAll = (env: Variables, fields: readonly Field[], namings: readonly Naming[]): void => {
  const own = isExported(env) ? fields : fields.map((field) => ({ ...field, env: null }));
  for (const [name, value] of Object.entries(credentialsIn(own, namings))) setVariable(env, name, value);
};

export const requestStep = async (env: Variables): Promise<void> => {
  const namings = namingsOf(env);
  isExported(env);
  const server = connect(withAddress(env));
  const signals = listenToSignals();
  saveState(env, 'begun', 'true');
  const active = await decided(server, env, { deadline: performance.now() + waitMs(env), signal: signals.ended });
  const given = await fetchCredentials(server, active.id);
  await mask(given.fields, { env });
  setOutput(env, 'request', active.id);
  setOutput(env, 'grant', given.grant);
  setOutput(env, 'expires-at', given.expires_at);
  const fields = withFiles(env, given.fields);
  for (const { name, value } of fields) setOutput(env, name, value);
  const ssh = sshFiles(fields);
  if (ssh !== null) {
    const folder = privateFolder(env, ssh);
    setOutput(env, 'ssh', folder);
    if (isExported(env)) setVariable(env, SSH_VARIABLE, folder);
  }
  exportAll(env, fields, namings);
};
