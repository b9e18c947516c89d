/** `latchkey audit sinks`: how far each sink has the log, and sending it again. */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { demandAuditSettings } from '../compose/command-policy.ts';
import { pluralize } from '../lib/pluralize.ts';
import { forgetSink, sendAgain, sinkFacts } from '../store/audit/sinks.ts';
import type { SinkFacts } from '../store/audit/sinks.ts';
import { StartError } from '../lib/start-error.ts';
import { withEvidenceOf } from './evidence.ts';
import { print, printJson } from './output.ts';

type Again = { name: string; from: number };
type Flags = { again?: Again; forget?: string; json?: boolean };

const readAgain = (text: string): Again => {
  const [, name, from] = /^([a-z][a-z0-9-]*):([1-9]\d{0,14})$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('Write the sink and the first number, as siem:1200.');
  return { name, from: Number(from) };
};

const lineOf = ({ name, cursor, behind, error, isPaused, parked }: SinkFacts): string[] => [
  `${name} has the events up to ${cursor}, ${behind === 0 ? 'all of them' : `${pluralize(behind, 'event')} behind`}.`,
  ...(error === null ? [] : [`  ${isPaused ? 'paused' : 'failing'}: ${error}`]),
  ...parked.map(({ from, to, why }) => `  parked: events ${from} to ${to}: ${why}`),
];

const noSink = (name: string): StartError =>
  new StartError(`There is no sink ${name} that was served yet; latchkey audit sinks lists them.`);

const sinks = async ({ again, forget, json }: Flags): Promise<void> => {
  await withEvidenceOf(await demandAuditSettings(), async ({ pool }) => {
    if (again && !(await sendAgain(pool, again.name, again.from))) throw noSink(again.name);
    if (forget !== undefined && !(await forgetSink(pool, forget))) throw noSink(forget);
    const facts = await sinkFacts(pool);
    if (json) printJson(facts);
    else print(facts.length === 0 ? 'No sink was served yet.' : facts.flatMap(lineOf).join('\n'));
  });
};

export const addSinksCommand = (audit: Command): void => {
  audit
    .command('sinks')
    .description('say how far each sink has the log, and what is parked')
    .option('--again <sink:seq>', 'send everything from this number on again, parked events too', readAgain)
    .option('--forget <sink>', 'forget a sink that is not in the policy any more')
    .option('--json', 'print the facts as JSON')
    .action(sinks);
};
