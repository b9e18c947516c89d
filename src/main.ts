#!/usr/bin/env node
/** `latchkey`, and the only way to start any of it: `npm start` is `latchkey serve`. */
import { run } from './cli/program.ts';

process.exitCode = await run(process.argv.slice(2));
