#!/usr/bin/env node
/** `latchkey` as it is bundled: `cli.ts` is then part of a larger file, and cannot tell whether it was called by its name. */
import { run } from './cli.ts';

process.exitCode = await run(process.argv.slice(2));
