/** What is said where an account of the CI cannot be linked or released. */
import type { Facts } from '../../domain/errors.ts';
import { linkStep, unlinkedNames } from '../messages/render/unlinked.ts';
import { inline } from '../messages/render/text.ts';

const SHOWN_MAX = 100;

const fact = (facts: Facts, key: string): string => {
  const value = facts[key];
  return typeof value === 'string' ? inline(value, SHOWN_MAX) : '';
};

const isGitlab = (facts: Facts): boolean => facts['kind'] === 'gitlab';
const service = (facts: Facts): string => (isGitlab(facts) ? 'GitLab' : 'GitHub');
const place = (facts: Facts): string => (isGitlab(facts) ? 'personal snippet' : 'gist');
const account = (facts: Facts): string => `the ${service(facts)} account \`${fact(facts, 'login')}\``;

const WHY: Record<string, (facts: Facts) => string> = {
  absent: (facts) =>
    `There is no ${place(facts)} at that address that Latchkey can read. Give the address of the ${place(facts)} itself${isGitlab(facts) ? ', visible as Internal or Public' : ''}.`,
  text: (facts) => `That ${place(facts)} does not hold the statement, word by word and nothing else.`,
  code: (facts) => `The statement in that ${place(facts)} is another person’s, or older than 15 minutes.`,
  used: () => 'That statement was used already.',
};

const unproven = (facts: Facts): string => {
  const why = WHY[fact(facts, 'why')] ?? WHY['text'];
  const again = `\`/prod-access link ${fact(facts, 'kind')}\` gives a new statement.`;
  return `${why ? why(facts) : ''} Nothing was linked. ${again}`;
};

const taken = (facts: Facts): string =>
  facts['by'] === 'policy'
    ? `The policy says that ${account(facts)} is another person’s. Ask an admin to correct \`accounts\`.`
    : `Already linked to another person: ${account(facts)}. An admin releases it with \`/prod-access unlink ${fact(facts, 'kind')} ${fact(facts, 'accountId')}\`.`;

const unlinkedIn = (facts: Facts): Parameters<typeof unlinkedNames>[0] =>
  Array.isArray(facts['unlinked']) ? (facts['unlinked'] as Parameters<typeof unlinkedNames>[0]) : [];

const needed = (facts: Facts): string => {
  const given = unlinkedIn(facts);
  return `It is not known whose account this is: ${unlinkedNames(given)}. It could be yours, and nobody approves their own request, so your approval was not counted. First ${linkStep(given)}, then approve again.`;
};

const startedByUnknown = (facts: Facts): string => {
  const given = unlinkedIn(facts);
  return `It is not known whose account this is: ${unlinkedNames(given)}. It could be yours, and nobody overrides a freeze for a run that they started. Nothing was overridden. First ${linkStep(given)}, then override again.`;
};

export const ACCOUNT_SENTENCES = {
  account_needed: needed,
  override_unlinked: startedByUnknown,
  account_links_off: (facts: Facts) =>
    `Latchkey cannot read ${service(facts)} here, so no account was linked. An admin ${isGitlab(facts) ? 'sets `LATCHKEY_GITLAB_TOKEN`' : 'sets up the GitHub App'}, or writes the account under \`accounts\` in the policy.`,
  account_unproven: unproven,
  account_taken: taken,
  account_unknown: (facts: Facts) =>
    facts['accountId'] === undefined
      ? `You have no linked ${service(facts)} account. \`/prod-access link\` shows yours.`
      : `No ${service(facts)} account with the id \`${fact(facts, 'accountId')}\` is linked. \`/prod-access link list\` shows all.`,
  account_on_hosts: (facts: Facts) =>
    `The id \`${fact(facts, 'accountId')}\` is linked on several servers: ${fact(facts, 'hosts')}. Put the one that you mean after the id. Nothing was changed.`,
  account_own: () => 'Your own account counts against you, so another admin has to release it. Nothing was changed.',
};
