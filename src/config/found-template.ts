/** The template of a list, made ready: `make` gives the target of a row, or says in a clause why there is none. */
import type { Role, Target } from '../domain/policy/types.ts';
import type { Json } from '../domain/json.ts';
import { fillText } from './fill-config.ts';
import type { Fill } from './fill-config.ts';
import { fieldChecks, rowProblem, showValue } from './found-row.ts';
import type { FoundRow } from './found-text.ts';
import { fieldsUsed } from './list-plans.ts';
import type { ProviderSchema } from './policy-check.ts';
import type { TargetListShape } from './policy-target-schema.ts';
import { buildRole, channelsOf } from './policy-targets.ts';
import { CHANNEL } from './policy-values.ts';
import { NAME, PERSON } from './policy-words.ts';
import type { Path } from './problem.ts';
import { record } from './record.ts';
import { fieldsIn, jsonTemplate, textTemplate } from './row-template.ts';
import type { Filled } from './row-template.ts';

const TITLE_MAX = 100;
const WARNING_MAX = 300;

export type Making = {
  list: string;
  shape: TargetListShape;
  path: Path;
  fill: Fill;
  provider: ProviderSchema;
  groupNames: ReadonlySet<string>;
  execPrograms: readonly string[];
};

export type Made = { target: Target } | { name: string; problem: string };

/** Roles that name no field are the same value for all targets of the list. */
const rolesOf = ({ shape, path, fill }: Making): { isFixed: boolean; of: Filled<Record<string, Role>> } => {
  const roles = Object.entries(shape.target.roles).map(([name, role]) => {
    const built = buildRole(role, [...path, 'roles', name], fill.report);
    const isFixed = fieldsIn([built.title, built.scope]).length === 0;
    return { built, isFixed, title: textTemplate(built.title), scope: jsonTemplate(built.scope) };
  });
  const made: Filled<Record<string, Role>> = (row) =>
    record(
      roles.map(({ built, title, scope }) => {
        const filled = { ...built, title: title(row), scope: scope.fill(row) };
        return [built.name, filled] as const;
      }),
    );
  if (roles.some(({ isFixed }) => !isFixed)) return { isFixed: false, of: made };
  const fixed = made({});
  return { isFixed: true, of: () => fixed };
};

/** `${NAME}` may not be cut by a field: which variable is read is not for a list to say. */
const filling =
  ({ path, fill }: Making) =>
  (text: string): string => {
    const cut = text.lastIndexOf('${');
    if (cut >= 0 && !text.slice(cut).includes('}') && text[cut - 1] !== '$') {
      const message = 'A list cannot say which environment variable is read; write ${NAME} without {{fields}} in it.';
      fill.report.refuse('bad_variable', [...path, 'config'], message);
    }
    return fillText(text, [...path, 'config'], fill);
  };

const wordsProblem = (target: Target, { groupNames }: Making): string | null => {
  const { owners, channel, otherChannels = [], title, warning } = target;
  const unknown = owners.find((ref) => !groupNames.has(ref) && !PERSON.test(ref));
  if (unknown !== undefined) return `has the owner ${showValue(unknown)}, which is no group of this policy`;
  const noChannel = [channel, ...otherChannels].find((one) => one !== null && !CHANNEL.test(one));
  if (noChannel) return `has ${showValue(noChannel)} as channel, which is none`;
  if (title.length > TITLE_MAX) return `has a title of more than ${TITLE_MAX} characters`;
  return (warning?.length ?? 0) > WARNING_MAX ? `has a warning of more than ${WARNING_MAX} characters` : null;
};

type Found = { path: string; message: string };

const said = ([problem]: readonly Found[], what: string): string | null =>
  problem === undefined
    ? null
    : `does not fit in ${[what, problem.path].filter(Boolean).join('.')}: ${problem.message}`;

const providerProblem = (target: Target, { provider, execPrograms, fill }: Making): string | null => {
  if (!fill.isComplete) return null;
  const wrong = said(provider.configProblems(target.config), 'config');
  if (wrong !== null || fill.areVariablesOptional) return wrong;
  return said(provider.environmentProblems?.(target.config, { execPrograms }) ?? [], 'config');
};

const scopeProblem = ({ roles }: Target, provider: ProviderSchema): string | null => {
  for (const { name, scope } of Object.values(roles)) {
    const wrong = said(provider.scopeProblems(scope), `roles.${name}.scope`);
    if (wrong !== null) return wrong;
  }
  return null;
};

const filledEach = (templates: readonly Filled<string>[], row: FoundRow): string[] => [
  ...new Set(templates.map((fill) => fill(row))),
];

/** The first, and those of the other workspaces of the organisation. */
const channelsIn = (templates: readonly Filled<string>[], row: FoundRow): Pick<Target, 'channel' | 'otherChannels'> => {
  const [channel = null, ...otherChannels] = filledEach(templates, row);
  return { channel, ...(otherChannels.length > 0 && { otherChannels }) };
};

/** `fixedScopes`: those of the roles, where every row has the same; they are checked once, by the caller. */
export type Template = { fixedScopes: Record<string, Json> | null; make: (row: FoundRow) => Made };

const filler = (making: Making, roles: Filled<Record<string, Role>>): ((row: FoundRow, name: string) => Target) => {
  const { list, shape } = making;
  const { target } = shape;
  const config = jsonTemplate(target.config ?? {}, filling(making));
  const owners = target.owners.map((owner) => textTemplate(owner));
  const channels = channelsOf(target.channel).map((channel) => textTemplate(channel));
  const [title, warning] = [target.title, target.warning].map((template) =>
    template === undefined ? null : textTemplate(template),
  );
  return (row, name) => ({
    name,
    title: title?.(row) ?? name,
    provider: target.provider,
    config: config.fill(row),
    owners: filledEach(owners, row),
    ...channelsIn(channels, row),
    warning: warning?.(row) ?? null,
    roles: roles(row),
    ...(target.identity && { identity: target.identity }),
    list,
  });
};

export const templateOf = (making: Making): Template => {
  const { shape, provider } = making;
  const roles = rolesOf(making);
  const checks = fieldChecks(fieldsUsed(shape), shape.fields ?? {});
  const [nameOf, targetOf] = [textTemplate(shape.name), filler(making, roles.of)];
  const make = (row: FoundRow): Made => {
    const name = nameOf(row);
    const wrong = rowProblem(row, checks);
    if (wrong !== null) return { name, problem: wrong };
    if (!NAME.test(name))
      return { name, problem: 'is no name: lower-case letters, digits, ".", "_" and "-", at most 63' };
    const target = targetOf(row, name);
    const problem =
      wordsProblem(target, making) ??
      providerProblem(target, making) ??
      (roles.isFixed ? null : scopeProblem(target, provider));
    return problem === null ? { target } : { name, problem };
  };
  const fixed = roles.isFixed ? Object.values(roles.of({})).map(({ name, scope }) => [name, scope] as const) : null;
  return { fixedScopes: fixed && record(fixed), make };
};
