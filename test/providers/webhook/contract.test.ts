import { webhook } from '../../../src/providers/webhook/webhook.ts';
import { holdToContract } from '../contract.ts';
import { WORLDS } from './world.ts';

for (const world of WORLDS) holdToContract(webhook, world);
