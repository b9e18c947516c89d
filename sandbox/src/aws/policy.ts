/** Policies as IAM evaluates them: an explicit denial counts above all, and what nothing allows is denied. */
export type Context = Readonly<Record<string, string>>;
export type Asked = { action: string; resource: string; context: Context };
export type Decision = 'allowed' | 'explicitDeny' | 'implicitDeny';

type Statement = Record<string, unknown>;
const OPERATORS = ['StringLike', 'StringEquals', 'DateGreaterThanEquals', 'DateGreaterThan', 'DateLessThan'];
const ELEMENTS = ['Sid', 'Effect', 'Principal', 'Action', 'NotAction', 'Resource', 'Condition'];

const listed = (value: unknown): string[] => (Array.isArray(value) ? value : [value]).map(String);

const matches = (pattern: string, text: string, flags = ''): boolean => {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll('*', '[^]*').replaceAll('?', '[^]')}$`, flags).test(text);
};

const holds = (operator: string, wanted: string, found: string): boolean => {
  if (operator === 'StringLike') return matches(wanted, found);
  if (operator === 'StringEquals') return wanted === found;
  const [limit, at] = [Date.parse(wanted), Date.parse(found)];
  if (operator === 'DateLessThan') return at < limit;
  return operator === 'DateGreaterThan' ? at > limit : at >= limit;
};

const isMet = (condition: unknown, context: Context): boolean =>
  Object.entries((condition ?? {}) as Record<string, Record<string, unknown>>).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => {
      const found = context[key.toLowerCase()];
      return found !== undefined && listed(wanted).some((one) => holds(operator, one, found));
    }),
  );

const isAbout = (statement: Statement, { action, resource, context }: Asked): boolean => {
  const named = (field: string): boolean => listed(statement[field]).some((one) => matches(one, action, 'i'));
  const isAction = 'NotAction' in statement ? !named('NotAction') : named('Action');
  const isResource = !('Resource' in statement) || listed(statement['Resource']).some((one) => matches(one, resource));
  return isAction && isResource && isMet(statement['Condition'], context);
};

const statementsOf = (text: string): Statement[] => {
  const { Statement: found } = JSON.parse(text) as { Statement: Statement | Statement[] };
  return Array.isArray(found) ? found : [found];
};

export const decide = (policies: readonly string[], asked: Asked): Decision => {
  const effects = policies
    .flatMap(statementsOf)
    .filter((statement) => isAbout(statement, asked))
    .map(({ Effect: effect }) => effect);
  if (effects.includes('Deny')) return 'explicitDeny';
  return effects.includes('Allow') ? 'allowed' : 'implicitDeny';
};

/** Each of the sets has to allow it: a role's own policies, and those that narrow. */
export const decideWithin = (sets: readonly (readonly string[])[], asked: Asked): Decision => {
  const decisions = sets.map((policies) => decide(policies, asked));
  return decisions.find((one) => one === 'explicitDeny') ?? decisions.find((one) => one !== 'allowed') ?? 'allowed';
};

/** A sentence on what is wrong with the grammar, or null. */
export const grammarProblem = (text: string): string | null => {
  let value: { Version?: unknown; Statement?: unknown };
  try {
    value = JSON.parse(text) as typeof value;
  } catch (error) {
    if (error instanceof SyntaxError) return 'Syntax errors in policy.';
    throw error;
  }
  if (value.Version !== '2012-10-17' || value.Statement === undefined) return 'Syntax errors in policy.';
  for (const statement of statementsOf(text)) {
    const { Sid: sid = '', Effect: effect, Condition: condition = {} } = statement;
    if (!/^[A-Za-z0-9]*$/.test(String(sid))) return 'Statement IDs (SID) must be alpha-numeric.';
    if (effect !== 'Allow' && effect !== 'Deny') return 'Policy statement must contain an effect.';
    if (!('Action' in statement || 'NotAction' in statement)) return 'Policy statement must contain actions.';
    const wrong = Object.keys(statement).find((name) => !ELEMENTS.includes(name));
    if (wrong) return `Unknown element ${wrong}.`;
    const operator = Object.keys(condition as object).find((name) => !OPERATORS.includes(name));
    if (operator) return `Unknown condition operator ${operator}.`;
  }
  return null;
};
