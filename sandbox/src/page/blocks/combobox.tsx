/** One select for all of Block Kit: a field one types into, a list below it, arrows and Enter; W3C's combobox pattern. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../panes/icons.tsx';

export type Choice = { key: string; label: string; hint?: string; group?: string };

type Props = {
  id: string;
  chosen: Choice[];
  isMany: boolean;
  placeholder: string;
  isDisabled: boolean;
  isInvalid: boolean;
  labelledBy?: string | undefined;
  describedBy?: string | undefined;
  label?: string | undefined;
  /** What fits the typed words; a string says why there is nothing. */
  find: (query: string) => Promise<Choice[] | string>;
  onChoose: (chosen: Choice[]) => void;
};

/** `query`: what the choices are an answer to. */
type List = { choices: Choice[]; note: string | null; query: string | null };
const empty: List = { choices: [], note: null, query: null };

/** The list floats above everything, below its field or, where there is no room, above it. */
const LIST_HEIGHT = 280;

const usePlacement = (
  isOpen: boolean,
  field: { current: HTMLElement | null },
  list: { current: HTMLElement | null },
): void => {
  useLayoutEffect(() => {
    if (!isOpen) return undefined;
    const place = (): void => {
      const box = field.current?.getBoundingClientRect();
      if (box === undefined || list.current === null) return;
      const { style } = list.current;
      const room = window.innerHeight - box.bottom;
      const isAbove = room < LIST_HEIGHT && box.top > room;
      style.left = `${box.left}px`;
      style.width = `${box.width}px`;
      style.top = isAbove ? '' : `${box.bottom + 4}px`;
      style.bottom = isAbove ? `${window.innerHeight - box.top + 4}px` : '';
      style.maxHeight = `${Math.max(120, Math.min(LIST_HEIGHT, (isAbove ? box.top : room) - 16))}px`;
    };
    place();
    window.addEventListener('resize', place);
    document.addEventListener('scroll', place, true);
    return () => {
      window.removeEventListener('resize', place);
      document.removeEventListener('scroll', place, true);
    };
  }, [isOpen]);
};

/** Fetches choices while the list is open; an older answer never replaces a newer one. */
const useChoices = (isOpen: boolean, query: string, find: Props['find']): List => {
  const [list, setList] = useState<List>(empty);
  const finder = useRef(find);
  finder.current = find;
  useEffect(() => {
    if (!isOpen) return undefined;
    let isCurrent = true;
    const settle = (found: Choice[] | string): void => {
      if (!isCurrent) return;
      setList(typeof found === 'string' ? { choices: [], note: found, query } : { choices: found, note: null, query });
    };
    // What is still shown from before is no answer to this.
    setList((before) => ({ ...before, query: null }));
    finder
      .current(query)
      .then(settle, (error: unknown) => settle(error instanceof Error ? error.message : String(error)));
    return () => {
      isCurrent = false;
    };
  }, [isOpen, query]);
  return list;
};

export const Combobox = (props: Props): JSX.Element => {
  const { id, chosen, isMany, onChoose } = props;
  const [isOpen, setOpen] = useState(false);
  const [query, setQuery] = useState('');
  const [active, setActive] = useState(0);
  const field = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const found = useChoices(isOpen, query, props.find);
  usePlacement(isOpen, field, list);
  const [single] = chosen;
  const choices = found.choices;
  const isAnswered = found.query === query;
  /** What is chosen by now, also between two renders. */
  const latest = useRef(chosen);
  latest.current = chosen;
  const activeKey = choices[active]?.key;
  useLayoutEffect(() => {
    list.current?.querySelector('[data-active=true]')?.scrollIntoView({ block: 'nearest' });
  }, [active, choices]);

  const open = (): void => {
    if (props.isDisabled || isOpen) return;
    setOpen(true);
    setActive(0);
  };
  const close = (): void => {
    setOpen(false);
    setQuery('');
  };
  const give = (next: Choice[]): void => {
    latest.current = next;
    onChoose(next);
  };
  const choose = (choice: Choice | undefined): void => {
    if (choice === undefined) return;
    const others = latest.current.filter((one) => one.key !== choice.key);
    if (!isMany) give([choice]);
    else give(others.length < latest.current.length ? others : [...others, choice]);
  };
  const pick = (choice: Choice | undefined): void => {
    if (choice === undefined) return;
    choose(choice);
    if (isMany) setQuery('');
    else close();
  };
  /** Enter came before the answer to what was typed: it is taken when it comes, whatever is typed meanwhile. */
  const take = async (typed: string): Promise<void> => {
    if (isMany) setQuery('');
    const answer = await props.find(typed);
    const [first] = typeof answer === 'string' ? [] : answer;
    choose(first);
    if (first !== undefined && !isMany) close();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const { key } = event;
    if (key === 'Escape' && isOpen) close();
    else if (key === 'ArrowDown' || key === 'ArrowUp') {
      if (isOpen)
        setActive((at) => (at + (key === 'ArrowDown' ? 1 : choices.length - 1)) % Math.max(1, choices.length));
      else open();
    } else if (key === 'Enter') {
      // A failure to find is shown by the list, which asks the same.
      if (isOpen && !isAnswered) take(query).catch(() => setQuery(query));
      else if (isOpen) pick(choices[active]);
      else open();
    } else if (key === 'Backspace' && query === '' && isMany && chosen.length > 0) give(chosen.slice(0, -1));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div
      class={`combobox${props.isInvalid ? ' is-invalid' : ''}${isOpen ? ' is-open' : ''}`}
      ref={field}
      onFocusOut={(event) => {
        if (!field.current?.contains(event.relatedTarget as Node | null)) close();
      }}
    >
      {isMany &&
        chosen.map((one) => (
          <span class="chip" key={one.key}>
            {one.label}
            <button
              type="button"
              class="chip-remove"
              aria-label={`Remove ${one.label}`}
              onClick={() => give(chosen.filter((other) => other.key !== one.key))}
            >
              <Icon name="close" size={12} />
            </button>
          </span>
        ))}
      <input
        ref={input}
        id={id}
        type="text"
        role="combobox"
        autocomplete="off"
        spellcheck={false}
        aria-autocomplete="list"
        aria-expanded={isOpen}
        aria-controls={`${id}-list`}
        aria-activedescendant={isOpen && activeKey !== undefined ? `${id}-o-${active}` : undefined}
        aria-labelledby={props.labelledBy}
        aria-label={props.label}
        aria-describedby={props.describedBy}
        aria-invalid={props.isInvalid}
        disabled={props.isDisabled}
        class={isOpen || isMany || single === undefined ? '' : 'has-choice'}
        placeholder={isOpen && single !== undefined && !isMany ? single.label : props.placeholder}
        value={isOpen ? query : isMany ? '' : (single?.label ?? '')}
        onInput={(event) => {
          setOpen(true);
          setActive(0);
          setQuery(event.currentTarget.value);
        }}
        onMouseDown={() => (isOpen ? close() : open())}
        onKeyDown={onKeyDown}
      />
      <span class="combobox-arrow">
        <Icon name="down" size={14} />
      </span>
      {isOpen && (
        <div class="popup combobox-list" ref={list} role="listbox" id={`${id}-list`} aria-label="Choices" tabIndex={-1}>
          {choices.map((choice, index) => {
            const isChosen = chosen.some((one) => one.key === choice.key);
            const startsGroup = choice.group !== undefined && choice.group !== choices[index - 1]?.group;
            return (
              <div key={choice.key} role="presentation">
                {startsGroup && (
                  <div class="popup-group" role="presentation">
                    {choice.group}
                  </div>
                )}
                <div
                  id={`${id}-o-${index}`}
                  role="option"
                  class="popup-option"
                  aria-selected={isChosen}
                  data-active={index === active}
                  onMouseDown={(event) => event.preventDefault()}
                  onMouseMove={() => setActive(index)}
                  onClick={() => pick(choice)}
                >
                  <span class="popup-words">
                    <span>{choice.label}</span>
                    {choice.hint !== undefined && <span class="popup-hint">{choice.hint}</span>}
                  </span>
                  {isChosen && <Icon name="check" size={14} />}
                </div>
              </div>
            );
          })}
          {choices.length === 0 && (
            <div class="popup-note">{!isAnswered ? 'Searching…' : (found.note ?? 'Nothing found')}</div>
          )}
        </div>
      )}
    </div>
  );
};
