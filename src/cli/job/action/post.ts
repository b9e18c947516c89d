import { giveBackStep } from './give-back-step.ts';
import { runStep } from './runner.ts';

process.exitCode = await runStep(() => giveBackStep(process.env));
