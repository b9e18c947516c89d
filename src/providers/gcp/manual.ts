/** What an administrator of the project runs to end one access when Latchkey cannot. */
import { shellQuoted } from '../kit/credentials.ts';
import type { Manual } from '../provider.ts';
import type { Scope } from './config.ts';
import { titleOf } from './policy.ts';

/** The etag in the file keeps what others change meanwhile: the second statement fails then, and both are run again. */
export const manual = ({ project }: Scope, grantId: string): Manual => {
  const title = titleOf(grantId);
  const file = `policy-${grantId}.json`;
  const filter = `del(.bindings[] | select(.condition.title == "${title}"))`;
  return {
    name: `the binding "${title}" in ${project}`,
    enforcedBy: 'the condition of the binding',
    statements: [
      `gcloud projects get-iam-policy ${shellQuoted(project)} --format=json | jq '${filter}' > ${file}`,
      `gcloud projects set-iam-policy ${shellQuoted(project)} ${file}`,
    ],
  };
};
