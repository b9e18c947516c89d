/** Which quests were done, kept over a restart: what was done once stays done. */
import { readJson, writeFileWhole } from './files.ts';
import { QUESTS, questsSql, toQuest } from './quests.ts';
import type { PromptFact } from './quests.ts';
import type { Quest } from './world.ts';

export type QuestLog = {
  list(): Quest[];
  /** @returns whether something was ticked. */
  note(fact: PromptFact): boolean;
  /** Asks Latchkey's own database; `ask` runs one query and gives its row. @returns whether something was ticked. */
  look(ask: (sql: string) => Promise<Record<string, boolean>>): Promise<boolean>;
};

export type QuestLogOptions = {
  file: string;
  onBroken(movedTo: string): void;
  /** Why a target is not there; null where it is. */
  missing(target: string): string | null;
  /** The public key that a hint names. */
  personLine: string;
};

export const openQuestLog = ({ file, onBroken, missing, personLine }: QuestLogOptions): QuestLog => {
  const done = new Set((readJson(file, onBroken) as string[] | undefined) ?? []);
  const tick = (ids: string[]): boolean => {
    const fresh = ids.filter((id) => !done.has(id));
    for (const id of fresh) done.add(id);
    if (fresh.length > 0) writeFileWhole(file, JSON.stringify([...done]));
    return fresh.length > 0;
  };
  const open = (): Set<string> => new Set(QUESTS.map(({ id }) => id).filter((id) => !done.has(id)));
  return {
    list: () =>
      QUESTS.map((plan) => {
        const isDone = done.has(plan.id);
        return toQuest(plan, { isDone, personLine, missing: plan.target && !isDone ? missing(plan.target) : null });
      }),
    note: (fact) => tick(QUESTS.flatMap((plan) => ('prompt' in plan && plan.prompt(fact) ? [plan.id] : []))),
    look: async (ask) => {
      const { sql, asked } = questsSql(open());
      if (asked.length === 0) return false;
      const row = await ask(sql);
      return tick(asked.filter((id) => row[id]));
    },
  };
};
