/** Targets that lists give. A row that does not fit is left out with a warning and the others count; a template that does not fit is refused. */
import type { Target } from '../domain/policy/types.ts';
import { pluralize } from '../lib/pluralize.ts';
import type { Fill } from './fill-config.ts';
import { templateOf } from './found-template.ts';
import type { Made, Template } from './found-template.ts';
import { showValue } from './found-row.ts';
import type { FoundRow, FoundRows } from './found-text.ts';
import { LIST_ENDINGS } from './list-rows.ts';
import { fieldsUsed } from './list-plans.ts';
import type { Check, ProviderSchema } from './policy-check.ts';
import type { PolicyDocument } from './policy-schema.ts';
import type { TargetListShape } from './policy-target-schema.ts';
import { suggestion } from './problem.ts';
import type { Path } from './problem.ts';
import { fieldsIn, fieldsOfPlaces, isFieldName } from './row-template.ts';
import type { Variables } from './variable.ts';

/** Of each list; more are counted. */
const LEFT_OUT_SHOWN = 10;

type Finding = {
  check: Check;
  env: Variables;
  list: string;
  shape: TargetListShape;
  path: Path;
  /** Why it could not be read. */
  unread: string | null;
};

const providerOf = ({ check, path }: Finding, id: string, at: Path): ProviderSchema | null => {
  const found = check.providers.find((provider) => provider.id === id);
  if (found) return found;
  const ids = check.providers.map((provider) => provider.id);
  const message = `"${id}" is no provider${suggestion(id, ids, `known are: ${ids.join(', ')}.`)}`;
  check.report.refuse('unknown_provider', [...path, ...at], message);
  return null;
};

const checkSource = (finding: Finding): void => {
  const { check, shape, path, list } = finding;
  const { report } = check;
  if ((shape.file === undefined) === (shape.list === undefined))
    return report.refuse('bad_list', path, `The list "${list}" needs one place to read: file: or list:.`);
  if (shape.file !== undefined && !LIST_ENDINGS.some((ending) => shape.file?.endsWith(`.${ending}`))) {
    const message = `"${shape.file.slice(0, 80)}" does not say what it is; name it .${LIST_ENDINGS.join(', .')}.`;
    return report.refuse('bad_list', [...path, 'file'], message);
  }
  if (!shape.list) return;
  const provider = providerOf(finding, shape.list.provider, ['list', 'provider']);
  if (!provider) return;
  const wrong = provider.listProblems?.(shape.list.only ?? null) ?? null;
  if (wrong === null)
    return report.refuse('bad_list', [...path, 'list', 'provider'], `Provider ${provider.id} has no list of targets.`);
  for (const { path: at, message } of wrong)
    report.refuse('bad_list', [...path, 'list', 'only', ...at.split('.').filter(Boolean)], message);
  const config = check.policy.lists[list]?.source;
  if (config?.kind !== 'provider') return;
  for (const { path: at, message } of check.unfilled.has(list) ? [] : provider.configProblems(config.config))
    report.refuse('provider_config', [...path, 'list', 'config', at], message);
  for (const { path: at, message } of provider.environmentProblems?.(config.config, check) ?? [])
    report[check.areVariablesOptional ? 'warn' : 'refuse']('not_switched_on', [...path, 'list', 'config', at], message);
};

/** A list chooses the host that is given the credentials of a target, unless the policy bounds it. */
const checkFields = ({ check, shape, path, list }: Finding): void => {
  const { report } = check;
  const used = fieldsUsed(shape);
  for (const field of used.filter((each) => !isFieldName(each)))
    report.refuse('bad_field', path, `{{${field.slice(0, 60)}}} names no field; write it as {{name}}, in lower case.`);
  for (const field of Object.keys(shape.fields ?? {}).filter((each) => !used.includes(each)))
    report.warn('unused_field', [...path, 'fields', field], `The field "${field}" is used nowhere in the template.`);
  if (fieldsIn(shape.name).length === 0)
    report.refuse(
      'bad_list',
      [...path, 'name'],
      `All targets of "${list}" would be called "${shape.name}"; put a {{field}} into the name.`,
    );
  if (fieldsIn(shape.target.provider).length > 0)
    report.refuse('bad_field', [...path, 'target', 'provider'], 'The provider is the same for all targets of a list.');
  const free = fieldsOfPlaces(shape.target.config ?? {}).filter((field) => shape.fields?.[field] === undefined);
  if (free.length > 0)
    report.warn(
      'unbounded_field',
      [...path, 'fields'],
      `A person or program that may change the list "${list}" says what stands in ${free.map((field) => `{{${field}}}`).join(', ')} of its settings, and so which server is given their credentials; bound it, as fields: { ${free[0] ?? ''}: "*.db.acme.test" }.`,
    );
};

/** What is the same for every row. */
const checkTemplate = ({ check, shape, path }: Finding, { provider, template }: Ready): void => {
  const { report } = check;
  const inside = (base: Path, found: string): Path => [...path, 'target', ...base, ...found.split('.').filter(Boolean)];
  for (const [role, scope] of Object.entries(template.fixedScopes ?? {}))
    for (const problem of provider.scopeProblems(scope))
      report.refuse('provider_scope', inside(['roles', role, 'scope'], problem.path), problem.message);
  for (const problem of provider.identityProblems?.(shape.target.identity, template.fixedScopes ?? {}) ?? [])
    report.refuse('identity', inside(['identity'], problem.path), problem.message);
  if (Object.keys(shape.target.roles).length === 0)
    report.refuse('no_roles', [...path, 'target', 'roles'], 'The template has no roles; add one.');
};

type Ready = { provider: ProviderSchema; template: Template };

const readyOf = (finding: Finding): Ready | null => {
  const { check, env, list, shape, path } = finding;
  const { report, areVariablesOptional, groupNames, execPrograms } = check;
  const provider = providerOf(finding, shape.target.provider, ['target', 'provider']);
  if (!provider) return null;
  const fill: Fill = { env, report, areVariablesOptional, isComplete: true };
  const template = templateOf({ list, shape, path: [...path, 'target'], fill, provider, groupNames, execPrograms });
  return { provider, template };
};

type Named = { finding: Finding; made: Made };
const nameOf = (made: Made): string => ('target' in made ? made.target.name : made.name);

const madeOf = (finding: Finding, rows: readonly FoundRow[] | undefined): Named[] => {
  const { check, list, path } = finding;
  checkSource(finding);
  checkFields(finding);
  const ready = readyOf(finding);
  if (!ready) return [];
  checkTemplate(finding, ready);
  if (!rows) {
    const message = `The list "${list}" ${finding.unread ?? 'was not read'}; nothing is known of its targets.`;
    check.report[check.areVariablesOptional ? 'warn' : 'refuse']('list_not_read', path, message);
    check.isComplete = false;
    return [];
  }
  return rows.map((row) => ({ finding, made: ready.template.make(row) }));
};

/** Neither a list nor a row before another may take a name that is taken. */
const judged = (named: readonly Named[], typed: Readonly<Record<string, Target>>): Named[] => {
  const counts = new Map<string, number>();
  for (const { made } of named)
    if ('target' in made) counts.set(made.target.name, (counts.get(made.target.name) ?? 0) + 1);
  return named.map(({ finding, made }) => {
    const name = nameOf(made);
    if ('problem' in made) return { finding, made };
    if (Object.hasOwn(typed, name))
      return { finding, made: { name, problem: 'is also the name of a target that is written out, which counts' } };
    const times = counts.get(name) ?? 1;
    if (times === 1) return { finding, made };
    return { finding, made: { name, problem: `is the name of ${times} different entries, of which none counts` } };
  });
};

const reportLeftOut = ({ check, list, path }: Finding, named: readonly Named[]): void => {
  const leftOut = named.flatMap(({ made }) => ('problem' in made ? [made] : []));
  const [first] = leftOut;
  if (!first) return;
  const sentence = ({ name, problem }: { name: string; problem: string }): string =>
    `${showValue(name)} of the list "${list}" is left out: it ${problem}.`;
  if (leftOut.length === named.length) {
    const message = `No entry of the list "${list}" can be used. ${sentence(first)}`;
    return check.report.refuse('list_unusable', path, message);
  }
  for (const each of leftOut.slice(0, LEFT_OUT_SHOWN)) check.report.warn('entry_left_out', path, sentence(each));
  const rest = leftOut.length - LEFT_OUT_SHOWN;
  if (rest > 0)
    check.report.warn(
      'entry_left_out',
      path,
      `${pluralize(rest, 'more entry', 'more entries')} of the list "${list}" are left out.`,
    );
};

export type FoundBuild = {
  check: Check;
  document: PolicyDocument;
  found: FoundRows | null;
  env: Variables;
  unread: Readonly<Record<string, string>>;
};

/** Adds them to the policy, after all that is written out. */
export const addFoundTargets = ({ check, document, found, env, unread }: FoundBuild): { areAllRead: boolean } => {
  const findings = Object.entries(document.targets_from ?? {}).map(([list, shape]): Finding => {
    return { check, env, list, shape, path: ['targets_from', list], unread: unread[list] ?? null };
  });
  const named = findings.flatMap((finding) => madeOf(finding, found?.[finding.list]));
  const all = judged(named, check.policy.targets);
  for (const finding of findings)
    reportLeftOut(
      finding,
      all.filter((each) => each.finding === finding),
    );
  for (const { made } of all) if ('target' in made) check.policy.targets[made.target.name] = made.target;
  return { areAllRead: findings.every(({ list }) => found?.[list] !== undefined) };
};
