/** Fetches the credentials of a request. Hosts that let in an SSH key get one that is made here, for this job alone. */
import type { CredentialsAnswer } from './answers.ts';
import { JobFailure } from './failure.ts';
import { createKeyPair } from './ssh-files.ts';
import type { Server } from './server.ts';

/** @throws JobFailure */
export const fetchCredentials = async (
  server: Server,
  request: string,
  signal?: AbortSignal,
): Promise<CredentialsAnswer> => {
  const call = (body?: { public_key: string }): Promise<CredentialsAnswer> =>
    server.call('POST', `/requests/${encodeURIComponent(request)}/credentials`, {
      doing: 'Fetching the credentials',
      ...(body && { body }),
      ...(signal && { signal }),
    });
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof JobFailure) || error.code !== 'public_key_missing') throw error;
  }
  const { publicKey, privateKey } = createKeyPair();
  const given = await call({ public_key: publicKey });
  return { ...given, fields: [...given.fields, { name: 'private_key', env: null, value: privateKey, secret: true }] };
};
