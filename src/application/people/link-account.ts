/**
 * An account of GitHub or GitLab becomes a person's by a statement that names them, written where only the owner of the account can
 * write. It only ever counts against the person, and so does a link that they took back: else it would give a right to approve.
 */
import type { LinkedKind } from '../../domain/clients/account-host.ts';
import { accountHost } from '../../domain/clients/account-host.ts';
import { codeIn, statementOf } from '../../domain/clients/account-statement.ts';
import { DomainError } from '../../domain/errors.ts';
import type { ErrorCode, Facts } from '../../domain/errors.ts';
import type { Person } from '../../domain/principals/person.ts';
import { sha256 } from '../../lib/sha256.ts';
import type { AccountLink, LinkedAccount, Proof, ProofSource, ProofSources } from '../identity/account-link-ports.ts';
import { namedInPolicy } from '../identity/accounts.ts';
import type { PersonCaller } from '../identity/caller.ts';
import { actorOf } from '../record/audit-entry.ts';
import { refreshPending } from '../record/refresh-pending.ts';
import { refuse } from '../record/record-refusal.ts';
import type { Deps } from '../deps.ts';
import { openCode, sealCode } from './link-code.ts';

/** `policyNames`: whom `accounts` of the policy names for it; null where it is silent. The policy's word counts. */
export type ShownLink = AccountLink & { policyNames: string | null };

type Linking = { caller: PersonCaller; kind: LinkedKind; place: string };
type Refused = { person: Person; kind: LinkedKind; place?: string; account?: string };

const refuseLink = (
  deps: Deps,
  { person, ...data }: Refused,
  { code, facts = {} }: { code: ErrorCode; facts?: Facts },
): Promise<never> => refuse(deps, { type: 'account_link.refused', person, data }, new DomainError(code, facts));

const sourceOf = (sources: ProofSources, kind: LinkedKind): ProofSource => {
  const source = sources[kind];
  if (!source) throw new DomainError('account_links_off', { kind });
  return source;
};

/** What to write, and where. It holds for a quarter of an hour, for this person alone. */
export const linkStatement = async (
  deps: Deps,
  { caller: { person }, kind }: Pick<Linking, 'caller' | 'kind'>,
  sources: ProofSources,
): Promise<{ statement: string; host: string }> => {
  const { host } = sourceOf(sources, kind);
  const now = await deps.store.read.now();
  const code = sealCode(deps.vault, { kind, host, personId: person.id }, now);
  return { statement: statementOf({ kind, name: person.name, userId: person.userId, code }), host };
};

/** Of the issuers on that host; the first that says something. */
export const policyNames = (deps: Pick<Deps, 'policy'>, { kind, host, accountId }: LinkedAccount): string | null => {
  const policy = deps.policy();
  for (const issuer of Object.values(policy.issuers)) {
    const of = accountHost(issuer);
    const named = of?.kind === kind && of.host === host ? namedInPolicy(policy, issuer.name, accountId) : null;
    if (named !== null) return named;
  }
  return null;
};

const isThem = async ({ directory }: Deps, ref: string, person: Person): Promise<boolean> =>
  (await directory.members([{ kind: 'person', ref }], null)).some(({ id }) => id === person.id);

type Proven = { proof: Proof; code: string };

const provenBy = async (deps: Deps, linking: Linking, source: ProofSource): Promise<Proven> => {
  const { kind, place, caller } = linking;
  const { person } = caller;
  const refused = { person, kind, place };
  const proof = await source.read(place);
  if (!proof) return refuseLink(deps, refused, { code: 'account_unproven', facts: { kind, why: 'absent' } });
  const code = codeIn(proof.text, { kind, name: person.name, userId: person.userId });
  const read = { ...refused, account: proof.accountId };
  if (code === null) return refuseLink(deps, read, { code: 'account_unproven', facts: { kind, why: 'text' } });
  const now = await deps.store.read.now();
  if (!openCode(deps.vault, { kind, host: source.host, personId: person.id }, { code, now }))
    return refuseLink(deps, read, { code: 'account_unproven', facts: { kind, why: 'code' } });
  return { proof, code };
};

type Written = 'linked' | 'taken' | 'used';

const write = (deps: Deps, { caller, kind, place }: Linking, { host, proof, code }: Proven & { host: string }) => {
  const { person } = caller;
  const account = { kind, host, accountId: proof.accountId };
  return deps.store.transaction(async (tx): Promise<Written> => {
    await tx.principals.upsert(person);
    const before = await tx.accountLinks.of(account);
    if (before && before.personId !== person.id) return 'taken';
    if (before) await tx.accountLinks.release(before.id);
    const proved = sha256(Buffer.from(code)).toString('hex');
    const link = { ...account, id: deps.ids.next(), login: proof.login, personId: person.id, proof: proved };
    if (!(await tx.accountLinks.add(link))) {
      // A second submit of the same: what it proved stands, and the release above is undone.
      throw new DomainError('account_unproven', { kind, why: 'used' });
    }
    const data = { kind, host, account: proof.accountId, login: proof.login, place };
    const entry = { actor: actorOf(person), requestId: null, grantId: null, target: null, role: null };
    await tx.audit.append({ ...entry, type: 'account_link.made', data });
    // Who counts, and whose accounts are not known, may be others now.
    await refreshPending(tx);
    return 'linked';
  });
};

export const linkAccount = async (
  deps: Deps,
  linking: Linking,
  sources: ProofSources,
): Promise<{ login: string; accountId: string; policyNames: string | null }> => {
  const { kind, place, caller } = linking;
  const { person } = caller;
  const source = sourceOf(sources, kind);
  const { proof, code } = await provenBy(deps, linking, source);
  const { accountId, login } = proof;
  const named = policyNames(deps, { kind, host: source.host, accountId });
  const refused = { person, kind, place, account: accountId };
  if (named !== null && !(await isThem(deps, named, person)))
    return refuseLink(deps, refused, { code: 'account_taken', facts: { kind, login, by: 'policy' } });
  const written = await write(deps, linking, { host: source.host, proof, code });
  if (written === 'taken')
    return refuseLink(deps, refused, { code: 'account_taken', facts: { kind, login, by: 'link', accountId } });
  return { login, accountId, policyNames: named };
};

const withPolicy = (deps: Deps, links: readonly AccountLink[]): ShownLink[] =>
  links.map((link) => ({ ...link, policyNames: policyNames(deps, link) }));

export const ownLinks = async (deps: Deps, { caller }: { caller: PersonCaller }): Promise<ShownLink[]> =>
  withPolicy(deps, await deps.store.read.linksOfPerson(caller.person.id));
