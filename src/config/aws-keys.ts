/** The keys of AWS from its own variables, each also as a file. */
import { readVariable } from './variable.ts';
import type { Variables } from './variable.ts';

export type AwsKeys = { accessKeyId: string; secretAccessKey: string; sessionToken: string | null };

const valueOf = (env: Variables, name: string): string | null => {
  const found = readVariable(env, name);
  return 'problem' in found ? null : found.value;
};

/** null where there are none; anyone who needs them says so. */
export const awsKeys = (env: Variables): AwsKeys | null => {
  const [accessKeyId, secretAccessKey] = [valueOf(env, 'AWS_ACCESS_KEY_ID'), valueOf(env, 'AWS_SECRET_ACCESS_KEY')];
  if (accessKeyId === null || secretAccessKey === null) return null;
  return { accessKeyId, secretAccessKey, sessionToken: valueOf(env, 'AWS_SESSION_TOKEN') };
};
