/** May Latchkey do its work in the directory, and no more? Each finding says how to fix it. Nothing is changed. */
import { Attribute, Change } from 'ldapts';
import { ProviderError, type Finding } from '../provider.ts';
import type { Config, Scope } from './config.ts';
import { ID_ATTRIBUTES, keepsOf, readEntry, textsOf } from './entries.ts';
import { CODES, resultCodeOf } from './errors.ts';
import { namedBy } from './named-group.ts';
import { isSameDn } from './names.ts';
import type { Server } from './server.ts';
import { idOf } from './stable-ids.ts';

type Opened = { server: Server; config: Config };

const error = (code: string, message: string): Finding => ({ level: 'error', code, message });
const warning = (code: string, message: string): Finding => ({ level: 'warning', code, message });

/** Whether a value could be taken out that is not there: rights are looked at first, and then there is nothing to take. */
const mayChange = async (
  { server, config }: Opened,
  { dn, type }: { dn: string; type: string },
  signal: AbortSignal,
): Promise<boolean> => {
  const isOfNames = type === 'member' || type === 'uniqueMember';
  const values = [isOfNames ? `cn=latchkey-doctor,${config.people.base}` : 'latchkey-doctor'];
  return await server.ask(
    `read its rights on ${dn}`,
    async (client) => {
      try {
        await client.modify(dn, new Change({ operation: 'delete', modification: new Attribute({ type, values }) }));
        return true;
      } catch (failure) {
        const code = resultCodeOf(failure);
        if (code === CODES.insufficientAccess) return false;
        if (code === CODES.noSuchAttribute || code === CODES.objectClassViolation) return true;
        throw failure;
      }
    },
    signal,
  );
};

const noRight = (dn: string, keeps: string): Finding =>
  error('no_right', `Latchkey may not change ${keeps} of ${dn}. doctor --sql prints the access rule that lets it.`);

const tooMuch = (dn: string, keeps: string): Finding =>
  warning(
    'more_than_needed',
    `Latchkey may change more of ${dn} than ${keeps}. Let it write ${keeps} only; doctor --sql prints the rule.`,
  );

const noStableId = (dn: string): Finding =>
  warning(
    'no_stable_id',
    `Latchkey cannot read entryUUID of ${dn}, so access of an account or a group that is renamed meanwhile may stay. Let it read entryUUID; doctor --sql prints the rule.`,
  );

const ownedBy = (roles: string[], dn: string): Finding => ({
  ...warning(
    'group_owns_itself',
    `The group ${dn} is its own owner: where the access rules of the server give owners a right (dnattr=owner), a member can put others in, or stay in. Give it another owner.`,
  ),
  remains: { roles, sentences: ['Members that were added to the group by way of its ownership stay in it.'] },
});

/** Of this group alone. */
const isAnother = (scope: Scope, id: string | null): Finding[] => {
  try {
    namedBy(scope, id);
    return [];
  } catch (failure) {
    if (!(failure instanceof ProviderError)) throw failure;
    return [error('another_group', failure.message)];
  }
};

const ofGroup = async (
  opened: Opened,
  { scope, roles }: { scope: Scope; roles: string[] },
  signal: AbortSignal,
): Promise<Finding[]> => {
  const dn = scope.group;
  const entry = await readEntry(
    opened.server,
    { dn, attributes: ['objectClass', 'owner', 'managedBy', ...ID_ATTRIBUTES] },
    signal,
  );
  const keeps = entry && keepsOf(entry);
  if (!entry || !keeps)
    return [
      error(
        'no_group',
        `${dn}, which ${roles.join(', ')} gives, is no group that Latchkey can read. Create it as a groupOfNames, or correct the scope.`,
      ),
    ];
  const [mayDo, mayMore] = await Promise.all(
    [keeps, 'description'].map(async (type) => await mayChange(opened, { dn, type }, signal)),
  );
  const owners = ['owner', 'managedBy'].flatMap((attribute) => textsOf(entry, attribute));
  return [
    ...isAnother(scope, idOf(entry)),
    ...(mayDo ? [] : [noRight(dn, keeps)]),
    ...(mayMore ? [tooMuch(dn, keeps)] : []),
    ...(idOf(entry) === null ? [noStableId(dn)] : []),
    ...(owners.some((owner) => isSameDn(owner, dn)) ? [ownedBy(roles, dn)] : []),
  ];
};

const ofPeople = async (opened: Opened, signal: AbortSignal): Promise<Finding[]> => {
  const { base } = opened.config.people;
  const entry = await readEntry(opened.server, { dn: base, attributes: ID_ATTRIBUTES }, signal);
  if (!entry)
    return [
      error(
        'no_people',
        `There is no ${base}, or Latchkey may not read it. Correct people.base, or let Latchkey read it.`,
      ),
    ];
  const unread = idOf(entry) === null ? [noStableId(base)] : [];
  if (!(await mayChange(opened, { dn: base, type: 'description' }, signal))) return unread;
  return [
    ...unread,
    warning(
      'more_than_needed',
      `Latchkey may change ${base}, which it needs to read only. doctor --sql prints the rule.`,
    ),
  ];
};

export const preflight = async (
  opened: Opened,
  scopes: Record<string, Scope>,
  signal: AbortSignal,
): Promise<Finding[]> => {
  // Two roles may say the DN with another id each.
  const byGroup = new Map<string, { scope: Scope; roles: string[] }>();
  for (const [role, scope] of Object.entries(scopes)) {
    const key = `${scope.id ?? ''} ${scope.group}`;
    byGroup.set(key, { scope, roles: [...(byGroup.get(key)?.roles ?? []), role] });
  }
  const looks = [
    async () => await ofPeople(opened, signal),
    ...[...byGroup.values()].map((of) => async () => await ofGroup(opened, of, signal)),
  ];
  const found: Finding[] = [];
  for (const look of looks) {
    try {
      found.push(...(await look()));
    } catch (failure) {
      if (!(failure instanceof ProviderError)) throw failure;
      // What is wrong with the whole server is so for every group.
      return [error(failure.kind, failure.message)];
    }
  }
  return found;
};
