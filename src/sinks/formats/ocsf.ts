/** OCSF 1.8: a class for each kind of event, Entity Management for all that changes a record. The whole event is under `unmapped`. */
import { textOf } from './event.ts';
import type { Facts, Format } from './event.ts';

/** `activity` is a number of the class. */
type Class = { uid: number; name: string; category: number; activity: number };
const IAM = 3;
const FINDINGS = 2;

const entity = (activity: number): Class => ({ uid: 3004, name: 'Entity Management', category: IAM, activity });
const access = (activity: number): Class => ({ uid: 3005, name: 'User Access Management', category: IAM, activity });
const detection: Class = { uid: 2004, name: 'Detection Finding', category: FINDINGS, activity: 1 };
const [CREATE, UPDATE, DELETE, OTHER] = [1, 3, 4, 99];

const CLASSES: readonly (readonly [RegExp, Class])[] = [
  [/^grant\.active$/, access(1)],
  [/^grant\.ended$/, access(2)],
  [/^grant\.used$/, { uid: 3003, name: 'Authorize Session', category: IAM, activity: 1 }],
  [/^break_glass\.|^drift\.found$/, detection],
  [/\.(?:created|opened|added|given)$/, entity(CREATE)],
  [/\.(?:cancelled|lapsed|denied|withdrawn|retired|closed)$/, entity(DELETE)],
  [/\.refused$/, entity(OTHER)],
];

const classOf = ({ type, data }: Facts): Class => {
  if (data['isBreakGlass'] === true) return detection;
  return CLASSES.find(([pattern]) => pattern.test(type))?.[1] ?? entity(UPDATE);
};

const CATEGORIES: Record<number, string> = { [IAM]: 'Identity & Access Management', [FINDINGS]: 'Findings' };
const INFORMATIONAL = 1;
const HIGH = 4;
const [SUCCESS, FAILURE] = [1, 2];

const subjectOf = (facts: Facts, { uid }: Class): { [key: string]: unknown } => {
  const name = facts.target === null ? facts.type : `${facts.target}/${facts.role ?? ''}`;
  if (uid === detection.uid) return { finding_info: { uid: facts.id, title: facts.type, types: ['latchkey'] } };
  if (uid === 3005)
    return {
      user: { uid: textOf(facts.data['person']) },
      privileges: [facts.role ?? ''],
      resources: [{ name: facts.target ?? '' }],
    };
  if (uid === 3003) return { user: { uid: textOf(facts.data['person']) }, privileges: [facts.role ?? ''] };
  const [type = 'record'] = facts.type.split('.');
  return { entity: { uid: facts.grantId ?? facts.requestId ?? facts.id, name, type } };
};

export const ocsf: Format = (facts, origin) => {
  const found = classOf(facts);
  const { actor } = facts;
  const isFailure = /\.(?:refused|denied|failed)$/.test(facts.type);
  return {
    class_uid: found.uid,
    class_name: found.name,
    category_uid: found.category,
    category_name: CATEGORIES[found.category],
    activity_id: found.activity,
    type_uid: found.uid * 100 + found.activity,
    time: Date.parse(facts.at),
    severity_id: found === detection ? HIGH : INFORMATIONAL,
    status_id: isFailure ? FAILURE : SUCCESS,
    message: facts.type,
    actor: { user: { uid: textOf(actor.id), name: textOf(actor.name), email_addr: textOf(actor.email) } },
    ...subjectOf(facts, found),
    metadata: {
      version: '1.8.0',
      uid: facts.id,
      sequence: facts.seq,
      event_code: facts.type,
      log_name: origin,
      product: { name: 'Latchkey', vendor_name: 'Latchkey' },
    },
    unmapped: facts,
  };
};
