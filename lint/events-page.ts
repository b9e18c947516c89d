/** Writes `docs/events.md` from the catalog of audit events: `npm run docs:events`. A test holds the page equal to it. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { About, Shape } from '../src/domain/audit/define-event.ts';
import { EVENTS, isEventType } from '../src/domain/audit/events.ts';

const NOUNS: Record<string, string> = {
  absence: 'Absences',
  alert: 'Alerts',
  break_glass: 'Break-glass',
  credentials: 'Credentials',
  drift: 'Drift',
  email_binding: 'Email bindings',
  follow_up: 'Follow-ups of break-glass',
  grant: 'Grants',
  incident: 'Incidents',
  policy: 'The policy',
  pre_approval: 'Pre-approvals',
  request: 'Requests',
  revocation: 'Revocations of many',
  user_group: 'User groups',
  vote: 'Votes',
};

const ABOUT: Record<About, string> = {
  request: 'the request, and the grant where there is one',
  grant: 'the request and the grant',
  either: 'the request and the grant, where there is one',
  none: 'neither',
};

const HEAD = `# Events of the audit log

This page is generated from the schemas in \`src/domain/audit/catalog\` by \`npm run docs:events\`. A test holds it equal to them.

Latchkey writes an event in the transaction of the change that it records. It checks each event against its schema first.
Every event has a \`type\`, an \`actor\`, a time, and the \`target\` and \`role\` that it concerns, where there are any.
\`request_id\` and \`grant_id\` are whole ids. [The audit log](audit.md) says how events are stored, chained and verified.

Each field of \`data\` is *open* or *personal*. Open fields hold ids, times, codes, roles and hashes.
Personal fields hold names, email addresses, Slack ids of people, and free text. A field that no schema knows counts as personal.
Of an actor who is a person, only \`kind\` is open.

Older versions used other names for some types and fields. Latchkey never rewrites an event: it reads those under the names of now (\`src/domain/audit/names.ts\`).
`;

type JsonSchema = {
  type?: string | string[];
  format?: string;
  enum?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
};

const WORDS: Record<string, string> = { string: 'text', boolean: 'yes or no', integer: 'whole number' };

const typeOf = (schema: JsonSchema): string => {
  const { type } = schema;
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...schema, type: one })).join(' or ');
  if (schema.anyOf && schema.anyOf.length <= 2) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.format === 'date-time') return 'time';
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`;
  if (schema.type === 'object' && schema.properties)
    return `object of ${Object.keys(schema.properties)
      .map((name) => `\`${name}\``)
      .join(', ')}`;
  return WORDS[type ?? ''] ?? type ?? 'JSON';
};

const isJson = (schema: z.ZodType): boolean => schema instanceof z.ZodLazy;

const rowsOf = (fields: Shape, part: string): string[] =>
  Object.entries(fields).map(([name, schema]) => {
    const isOptional = schema instanceof z.ZodOptional;
    const type = isJson(schema) ? 'JSON' : typeOf(z.toJSONSchema(schema) as JsonSchema);
    return `| \`${name}\` | ${part} | ${type}${isOptional ? ', where there is one' : ''} |`;
  });

const sectionOf = (type: keyof typeof EVENTS): string => {
  const { when, about, open, personal } = EVENTS[type];
  const rows = [...rowsOf(open, 'open'), ...rowsOf(personal, 'personal')];
  const table = rows.length > 0 ? ['', '| field | part | value |', '|---|---|---|', ...rows] : ['', 'No fields.'];
  return [`### \`${type}\``, '', when, '', `Names: ${ABOUT[about]}.`, ...table].join('\n');
};

const nounOf = (type: string): string => type.split('.')[0] ?? '';

export const eventsPage = (): string => {
  const types = Object.keys(EVENTS).filter(isEventType);
  const nouns = [...new Set(types.map(nounOf))];
  const sections = nouns.map((noun) =>
    [`## ${NOUNS[noun] ?? noun}`, ...types.filter((type) => nounOf(type) === noun).map(sectionOf)].join('\n\n'),
  );
  return `${[HEAD, ...sections]
    .join('\n')
    .replaceAll(/\n## /g, '\n\n## ')
    .replaceAll(/\n{3,}/g, '\n\n')}\n`;
};

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(new URL('../docs/events.md', import.meta.url), eventsPage());
