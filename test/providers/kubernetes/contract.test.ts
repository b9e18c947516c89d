import { kubernetes } from '../../../src/providers/kubernetes/kubernetes.ts';
import { holdToContract } from '../contract.ts';
import { WORLDS } from './world.ts';

for (const world of WORLDS) holdToContract(kubernetes, world);
