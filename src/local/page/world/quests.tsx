/** Things to try, ticked when they have really happened. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Quest } from '../../page-server/protocol.ts';
import { Icon } from '../panes/icons.tsx';
import { InlineMrkdwn } from '../text/inline-view.tsx';
import { escape } from '../text/mrkdwn.ts';

export const Quests = ({ quests }: { quests: Quest[] }): JSX.Element | null => {
  const [opened, setOpened] = useState<string | null>(null);
  if (quests.length === 0) return null;
  const done = quests.filter((quest) => quest.isDone).length;
  const next = quests.find((quest) => !quest.isDone);
  const shown = opened ?? next?.id;
  return (
    <section class="part quests" aria-label="Things to try">
      <h3>
        Things to try
        <span class="part-count">
          {done} of {quests.length}
        </span>
      </h3>
      <progress value={done} max={quests.length} aria-label={`${done} of ${quests.length} done`} />
      <ol>
        {quests.map((quest) => (
          <li key={quest.id} class={`quest${quest.isDone ? ' is-done' : ''}`}>
            <button
              type="button"
              aria-expanded={shown === quest.id}
              onClick={() => setOpened(shown === quest.id ? '' : quest.id)}
            >
              <span class="quest-tick">{quest.isDone && <Icon name="check" size={12} />}</span>
              <span>{quest.title}</span>
              {quest.isDone && <span class="visually-hidden">, done</span>}
            </button>
            {shown === quest.id && (
              <p class="quest-hint">
                <InlineMrkdwn text={escape(quest.hint)} />
              </p>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
};
