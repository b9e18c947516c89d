/** Things to try, ticked when they have really happened. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Quest } from '../../page-server/protocol.ts';
import { Icon } from '../panes/icons.tsx';
import { InlineMrkdwn } from '../text/inline-view.tsx';
import { usePage } from '../state/page.tsx';
import { escape } from '../text/mrkdwn.ts';
import { ForReal } from './for-real.tsx';

/** The last one done, and the next ones. */
const LISTED = 4;

export const Quests = ({ quests }: { quests: Quest[] }): JSX.Element | null => {
  const { ask, attempt } = usePage();
  const [opened, setOpened] = useState<string | null>(null);
  const possible = quests.filter((quest) => quest.missing === null);
  const done = possible.filter((quest) => quest.isDone).length;
  const next = possible.find((quest) => !quest.isDone);
  const shown = opened ?? next?.id;
  const [isWhole, setWhole] = useState(false);
  const [isForReal, setForReal] = useState(false);
  const nextAt = next === undefined ? quests.length : quests.indexOf(next);
  const listed = isWhole ? quests : quests.slice(Math.max(0, nextAt - 1), nextAt + LISTED - 1);
  if (quests.length === 0) return null;
  return (
    <section class="part quests" aria-label="Things to try">
      <h3>
        Things to try
        <span class="part-count">
          {done} of {possible.length}
        </span>
      </h3>
      <progress value={done} max={possible.length} aria-label={`${done} of ${possible.length} done`} />
      <ol>
        {listed.map((quest) => (
          <li
            key={quest.id}
            class={`quest${quest.isDone ? ' is-done' : ''}${quest.missing === null ? '' : ' is-missing'}`}
          >
            <button
              type="button"
              aria-expanded={shown === quest.id}
              onClick={() => setOpened(shown === quest.id ? '' : quest.id)}
            >
              <span class="quest-tick">{quest.isDone && <Icon name="check" size={12} />}</span>
              <span>{quest.title}</span>
              {quest.isDone && <span class="visually-hidden">, done</span>}
              {quest.missing !== null && <span class="pill">not here</span>}
            </button>
            {shown === quest.id && (
              <p class="quest-hint">
                <InlineMrkdwn text={escape(quest.missing ?? quest.hint)} />
              </p>
            )}
          </li>
        ))}
      </ol>
      {quests.length > LISTED && (
        <button type="button" class="all-quests" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
          {isWhole ? 'Show only what comes next' : `Show all ${quests.length}`}
        </button>
      )}
      <button type="button" class="all-quests" onClick={() => setForReal(true)}>
        Set it up for real
      </button>
      <button type="button" class="all-quests" onClick={() => attempt(ask({ act: 'world_tour', does: 'start' }))}>
        Watch the tour
      </button>
      {isForReal && <ForReal onClose={() => setForReal(false)} />}
    </section>
  );
};
