/** `latchkey client explain`: which client a token is, and why it is not the others, as the server would find it. */
import type { ClaimCheck, ClientMatch } from '../domain/clients/match-client.ts';
import type { Policy } from '../domain/policy/types.ts';
import { examineToken } from '../http/auth/examine-token.ts';
import { createIssuerKeys } from '../http/auth/issuer-keys.ts';
import { createLog } from '../lib/log.ts';
import { oneLine } from '../lib/printable.ts';

export type ClientExplanation = {
  client: string | null;
  issuer: string | null;
  checks: ClaimCheck[];
  clients: ClientMatch[];
};

export type ExplainClientInput = { policy: Policy; token: string; publicUrl: string | null };

export const explainClient = async ({ policy, token, publicUrl }: ExplainClientInput): Promise<ClientExplanation> => {
  const keys = createIssuerKeys({ log: createLog('silent') });
  const { client, issuer, checks, matches } = await examineToken(token, {
    policy,
    keys,
    publicUrl,
    now: new Date(),
    isThorough: true,
  });
  return { client: client?.name ?? null, issuer: issuer?.name ?? null, checks, clients: matches };
};

/** Claims come from anyone who can make a token, and a terminal obeys control characters. */
const linesOf = (checks: readonly ClaimCheck[]): string[] =>
  checks.map(({ claim, expected, found, isMet }) =>
    oneLine(isMet ? `  ok      ${claim}: ${found}` : `  FAILED  ${claim}: expected ${expected}, found ${found}`),
  );

const headline = ({ client, checks, clients }: ClientExplanation): string => {
  if (client !== null) return `This token is the client ${client}.`;
  const fitting = clients.filter(({ isMatch }) => isMatch).map((match) => match.client);
  if (fitting.length > 1)
    return `This token is no client: it fits ${fitting.join(' and ')}, and a token that fits two clients is refused.`;
  if (fitting.length === 1)
    return `This token is no client: it fits ${fitting[0] ?? ''}, and the token itself is refused.`;
  return checks.every(({ isMet }) => isMet)
    ? 'This token is no client: it is good, and fits none of them.'
    : 'This token is no client.';
};

export const explanationText = (explanation: ClientExplanation): string =>
  [
    headline(explanation),
    'The token:',
    ...linesOf(explanation.checks),
    ...explanation.clients.flatMap(({ client, checks }) => [`${client}:`, ...linesOf(checks)]),
  ].join('\n');
