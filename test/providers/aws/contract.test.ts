import { aws } from '../../../src/providers/aws/aws.ts';
import { holdToContract } from '../contract.ts';
import { WORLDS } from './world.ts';

for (const world of WORLDS) holdToContract(aws, world);
