/** Above everything: the workspace, who I am, and what is shown. */
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { PersonCard } from '../../page-server/protocol.ts';
import { personOf } from '../state/names.ts';
import { usePage } from '../state/page.tsx';
import { writeAddress } from '../state/address.ts';
import { Avatar } from './avatar.tsx';
import { Icon } from './icons.tsx';

export type Theme = 'system' | 'light' | 'dark';

const PersonOption = ({
  person,
  isMe,
  onChoose,
}: {
  person: PersonCard;
  isMe: boolean;
  onChoose: () => void;
}): JSX.Element => {
  const { address } = usePage();
  return (
    <li>
      <button type="button" class="popup-option" aria-current={isMe ? 'true' : undefined} onClick={onChoose}>
        <Avatar person={person} size="medium" />
        <span class="popup-words">
          <span>{person.realName}</span>
          <span class="popup-hint">{person.title || `@${person.name}`}</span>
        </span>
        {isMe && <Icon name="check" size={14} />}
      </button>
      <a
        class="icon-button"
        href={writeAddress({ ...address, as: person.name })}
        target="_blank"
        rel="noopener"
        aria-label={`Open a second window as ${person.realName}`}
        title={`Second window as ${person.realName}`}
      >
        <Icon name="window" size={15} />
      </a>
    </li>
  );
};

const WhoAmI = (): JSX.Element => {
  const { data, go } = usePage();
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const me = personOf(data, data.me);
  const people = data.people.filter((person) => !person.isBot && !person.isDeleted);
  const close = (): void => {
    setOpen(false);
    root.current?.querySelector('button')?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && isOpen) return close();
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    const options = [...(root.current?.querySelectorAll<HTMLElement>('.popup-option') ?? [])];
    const at = options.indexOf(document.activeElement as HTMLElement);
    options.at((at + (event.key === 'ArrowDown' ? 1 : -1)) % options.length)?.focus();
  };
  return (
    <div
      class="who"
      ref={root}
      onKeyDown={onKeyDown}
      onFocusOut={(event) => {
        if (!root.current?.contains(event.relatedTarget as Node | null)) setOpen(false);
      }}
    >
      <button
        type="button"
        class="who-button"
        aria-haspopup="true"
        aria-expanded={isOpen}
        aria-label={`You are ${me?.realName ?? ''}. Be somebody else`}
        onClick={() => setOpen(!isOpen)}
      >
        <Avatar person={me} size="medium" />
        <span class="who-words">
          <span class="who-name">{me?.realName}</span>
          <span class="who-title">{me?.title || 'you'}</span>
        </span>
        <Icon name="down" size={14} />
      </button>
      {isOpen && (
        <div class="popup who-list" tabIndex={-1}>
          <div class="popup-group">Be somebody else, here or in a second window</div>
          <ul>
            {people.map((person) => (
              <PersonOption
                key={person.id}
                person={person}
                isMe={person.id === data.me}
                onChoose={() => {
                  close();
                  go({ as: person.name });
                }}
              />
            ))}
          </ul>
        </div>
      )}
    </div>
  );
};

type Props = { theme: Theme; onTheme: () => void; isWorldOpen: boolean; onWorld: (() => void) | null };

const themeWords: Record<Theme, string> = { system: 'as the system', light: 'light', dark: 'dark' };

export const TopBar = ({ theme, onTheme, isWorldOpen, onWorld }: Props): JSX.Element => {
  const { data } = usePage();
  return (
    <header class="top-bar">
      <div class="brand">
        <span class="brand-mark" aria-hidden="true">
          {data.team.charAt(0)}
        </span>
        <span class="brand-name">{data.team}</span>
        <span class="brand-title">{data.title}</span>
      </div>
      <WhoAmI />
      <div class="top-tools">
        <button
          type="button"
          class="icon-button"
          aria-label={`Colours: ${themeWords[theme]}. Change`}
          title={`Colours: ${themeWords[theme]}`}
          onClick={onTheme}
        >
          <Icon name={theme === 'dark' ? 'moon' : theme === 'light' ? 'sun' : 'contrast'} />
        </button>
        {onWorld !== null && (
          <button type="button" class="top-world" aria-label="Production" aria-pressed={isWorldOpen} onClick={onWorld}>
            <Icon name="server" /> <span>Production</span>
          </button>
        )}
      </div>
    </header>
  );
};
