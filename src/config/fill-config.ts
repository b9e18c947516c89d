/** `${NAME}` in the settings of targets, from the environment. */
import type { Json } from '../domain/json.ts';
import { OWN_SECRETS } from '../lib/own-secrets.ts';
import type { Path } from './problem.ts';
import { record } from './record.ts';
import type { Report } from './report.ts';
import { readVariable } from './variable.ts';
import type { Variables } from './variable.ts';

const VARIABLE = /\$\$\{|\$\{([^}]*)\}/g;

export type Fill = { env: Variables; areVariablesOptional: boolean; report: Report; isComplete: boolean };

type Unfilled = { code: 'bad_variable' | 'own_secret' | 'missing_variable'; message: string };

const readFill = (name: string, env: Variables): { value: string } | Unfilled => {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    const message = `\${${name.slice(0, 60)}} names no environment variable; write it as \${NAME}, or $\${ for the characters themselves.`;
    return { code: 'bad_variable', message };
  }
  const own: readonly string[] = OWN_SECRETS;
  if (own.includes(name) || own.includes(name.replace(/_FILE$/, ''))) {
    const message = `\${${name}} is a secret of Latchkey itself and is not given to targets; use a variable of the target's own.`;
    return { code: 'own_secret', message };
  }
  const found = readVariable(env, name);
  if ('problem' in found) return { code: 'missing_variable', message: found.problem };
  if (found.value !== null) return { value: found.value };
  const message = `The environment variable ${name} is not set; set it (or ${name}_FILE) where Latchkey starts.`;
  return { code: 'missing_variable', message };
};

export const fillText = (text: string, path: Path, fill: Fill): string =>
  text.replace(VARIABLE, (_whole, name: string | undefined) => {
    if (name === undefined) return '${';
    const found = readFill(name, fill.env);
    if ('value' in found) return found.value;
    fill.isComplete = false;
    const isTolerated = fill.areVariablesOptional && found.code === 'missing_variable';
    fill.report[isTolerated ? 'warn' : 'refuse'](found.code, path, found.message);
    return '';
  });

export const fillConfig = (value: Json, path: Path, fill: Fill): Json => {
  if (typeof value === 'string') return value.includes('${') ? fillText(value, path, fill) : value;
  if (Array.isArray(value)) return value.map((item, index) => fillConfig(item, [...path, index], fill));
  if (typeof value !== 'object' || value === null) return value;
  return record(Object.entries(value).map(([key, item]) => [key, fillConfig(item, [...path, key], fill)]));
};
