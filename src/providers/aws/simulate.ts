/** IAM's own answer to what an identity may do, without doing it. */
import type { Client } from './client.ts';
import { textIn } from './xml.ts';

const REFUSED = ['AccessDenied', 'NoSuchEntity'];

type Question = { source: string; actions: readonly string[]; resources: readonly string[]; within?: string };

const numbered = (name: string, values: readonly string[]): Record<string, string> =>
  Object.fromEntries(values.map((value, index) => [`${name}.member.${index + 1}`, value]));

/** The actions that are allowed. `within`: a policy that narrows further. Null where Latchkey may not ask. */
export const allowedOf = async (
  client: Client,
  { source, actions, resources, within }: Question,
  signal: AbortSignal,
): Promise<Set<string> | null> => {
  const params = {
    PolicySourceArn: source,
    MaxItems: '1000',
    ...numbered('ActionNames', actions),
    ...numbered('ResourceArns', resources),
    ...(within !== undefined && { 'PermissionsBoundaryPolicyInputList.member.1': within }),
  };
  const doing = `say what ${source} may do`;
  const query = { service: 'iam', action: 'SimulatePrincipalPolicy', params, doing, allowed: REFUSED } as const;
  const answer = await client.query(query, signal);
  if (answer.code !== null) return null;
  const found = answer.text.split('<EvalActionName>').slice(1);
  return new Set(
    found.flatMap((part) => {
      const action = part.slice(0, part.indexOf('<'));
      return textIn(part, 'EvalDecision') === 'allowed' ? [action] : [];
    }),
  );
};
