import { postgres } from '../../../src/providers/postgres/postgres.ts';
import { holdToContract } from '../contract.ts';
import { WORLDS } from './world.ts';

for (const world of WORLDS) holdToContract(postgres, world);
