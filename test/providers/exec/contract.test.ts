import { exec } from '../../../src/providers/exec/exec.ts';
import { holdToContract } from '../contract.ts';
import { WORLDS } from './world.ts';

for (const world of WORLDS) holdToContract(exec, world);
