#!/usr/bin/env node
/** `latchkey`, and the only way to start any of it: `npm start` is `latchkey serve`. A job's commands load nothing of the app. */
import { JOB_COMMANDS } from './cli/job/names.ts';

const args = process.argv.slice(2);
const isOfJob = JOB_COMMANDS.has(args[0] ?? '');
const { run } = isOfJob ? await import('./cli/job/program.ts') : await import('./cli/program.ts');
process.exitCode = await run(args);
