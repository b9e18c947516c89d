import { mysql } from '../../../src/providers/mysql/mysql.ts';
import { holdToContract } from '../contract.ts';
import { WORLDS } from './world.ts';

for (const world of WORLDS) holdToContract(mysql, world);
