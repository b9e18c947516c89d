import { requestStep } from './request-step.ts';
import { runStep } from './runner.ts';

process.exitCode = await runStep(() => requestStep(process.env));
