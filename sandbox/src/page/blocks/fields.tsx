/** Text, number, date and time fields, radio buttons and checkboxes. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Json } from '../../page-server/protocol.ts';
import { plainOf, TextObject } from '../text/plain-text.tsx';
import { actionIdOf, elementId, useChosen, useFill, usePlace, valueOf } from './place.tsx';
import type { ElementProps } from './place.tsx';

type FieldProps = ElementProps & { isInvalid?: boolean };

/** The keyboard a telephone shows; the workspace itself checks what was written. */
const keyboards: Record<string, 'text' | 'email' | 'url' | 'decimal'> = {
  plain_text_input: 'text',
  email_text_input: 'email',
  url_text_input: 'url',
  number_input: 'decimal',
};

export const isTextField = (type: unknown): boolean => keyboards[String(type)] !== undefined;

/** What stands in the field is the person's until they leave it; only then may the app's newer value replace it. */
const useDraft = (given: string): [string, (text: string) => void, { onFocus: () => void; onBlur: () => void }] => {
  const [draft, setDraft] = useState(given);
  const isFocused = useRef(false);
  useEffect(() => {
    if (!isFocused.current) setDraft(given);
  }, [given]);
  const focus = {
    onFocus: () => {
      isFocused.current = true;
    },
    onBlur: () => {
      isFocused.current = false;
    },
  };
  return [draft, setDraft, focus];
};

export const TextField = (props: FieldProps): JSX.Element => {
  const { element, blockId } = props;
  const { place, values, isBusy } = usePlace();
  const { write } = useFill(props);
  const held = valueOf(values, blockId, element)?.value ?? (place.is === 'message' ? element.initial_value : undefined);
  const [draft, setDraft, focus] = useDraft(typeof held === 'string' ? held : '');
  const max = typeof element.max_length === 'number' ? element.max_length : undefined;
  const area = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const node = area.current;
    if (node === null) return;
    node.style.height = 'auto';
    node.style.height = `${Math.min(node.scrollHeight + 2, 280)}px`;
  }, [draft]);
  const common = {
    id: elementId(place, blockId, actionIdOf(element)),
    class: 'field',
    value: draft,
    placeholder: plainOf(element.placeholder),
    disabled: isBusy,
    'aria-labelledby': props.labelledBy,
    'aria-describedby': props.describedBy,
    'aria-invalid': props.isInvalid === true,
    ...focus,
  };
  const onInput = (event: { currentTarget: { value: string } }): void => {
    setDraft(event.currentTarget.value);
    write(event.currentTarget.value, false);
  };
  const isLong = max !== undefined && draft.length > max * 0.8;
  return (
    <div class="field-box">
      {element.multiline === true ? (
        <textarea {...common} ref={area} rows={3} onInput={onInput} />
      ) : (
        <input
          {...common}
          type="text"
          inputMode={keyboards[String(element.type)]}
          autocomplete="off"
          onInput={onInput}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            event.preventDefault();
            write(draft, true);
          }}
        />
      )}
      {isLong && <span class={draft.length > max ? 'field-left is-over' : 'field-left'}>{max - draft.length}</span>}
    </div>
  );
};

type PickerType = 'date' | 'time' | 'datetime-local';

const pickers: Record<string, { type: PickerType; key: string; initial: string }> = {
  datepicker: { type: 'date', key: 'selected_date', initial: 'initial_date' },
  timepicker: { type: 'time', key: 'selected_time', initial: 'initial_time' },
  datetimepicker: { type: 'datetime-local', key: 'selected_date_time', initial: 'initial_date_time' },
};

export const isPicker = (type: unknown): boolean => pickers[String(type)] !== undefined;

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** Seconds since 1970 as a field of the reader's zone writes them. */
const localMoment = (atS: number): string => {
  const at = new Date(atS * 1_000);
  const day = `${at.getFullYear()}-${twoDigits(at.getMonth() + 1)}-${twoDigits(at.getDate())}`;
  return `${day}T${twoDigits(at.getHours())}:${twoDigits(at.getMinutes())}`;
};

export const Picker = (props: FieldProps): JSX.Element => {
  const { element, blockId } = props;
  const { place, values, isBusy } = usePlace();
  const { fill } = useFill(props);
  const fallback = { type: 'date', key: 'selected_date', initial: '' } as const;
  const { type, key, initial } = pickers[String(element.type)] ?? fallback;
  const held = valueOf(values, blockId, element)?.[key] ?? (place.is === 'message' ? element[initial] : undefined);
  const shown = typeof held === 'number' ? localMoment(held) : typeof held === 'string' ? held : '';
  return (
    <input
      id={elementId(place, blockId, actionIdOf(element))}
      class="field field-short"
      type={type}
      value={shown}
      disabled={isBusy}
      aria-labelledby={props.labelledBy}
      aria-label={props.labelledBy === undefined ? plainOf(element.placeholder) || type : undefined}
      aria-describedby={props.describedBy}
      aria-invalid={props.isInvalid === true}
      onChange={(event) => {
        const text = event.currentTarget.value;
        if (text === '') fill(null);
        else fill(type === 'datetime-local' ? Math.floor(new Date(text).getTime() / 1_000) : text);
      }}
    />
  );
};

export const isChoice = (type: unknown): boolean => type === 'radio_buttons' || type === 'checkboxes';

export const ChoiceField = (props: FieldProps): JSX.Element => {
  const { element, blockId } = props;
  const { place, values, isBusy } = usePlace();
  const { fill } = useFill(props);
  const isMany = element.type === 'checkboxes';
  const value = valueOf(values, blockId, element);
  const one = (value?.selected_option ?? element.initial_option) as Json | null | undefined;
  const many = (value?.selected_options ?? element.initial_options ?? []) as Json[];
  const [chosen, setChosen] = useChosen<Json[]>(isMany ? many : one ? [one] : []);
  const options = (element.options as Json[] | undefined) ?? [];
  const name = elementId(place, blockId, actionIdOf(element));
  const isChosen = (option: Json): boolean => chosen.some((each) => each.value === option.value);
  const toggle = (option: Json): void => {
    const others = chosen.filter((each) => each.value !== option.value);
    const next = isMany && isChosen(option) ? others : isMany ? [...others, option] : [option];
    fill(isMany ? next : option);
    setChosen(next);
  };
  return (
    <div
      class="choices"
      role={isMany ? 'group' : 'radiogroup'}
      aria-labelledby={props.labelledBy}
      aria-describedby={props.describedBy}
    >
      {options.map((option) => (
        <label class="choice" key={String(option.value)}>
          <input
            type={isMany ? 'checkbox' : 'radio'}
            name={name}
            checked={isChosen(option)}
            disabled={isBusy}
            onChange={() => toggle(option)}
          />
          <span>
            <TextObject text={option.text} isInline />
            {option.description !== undefined && (
              <span class="choice-hint">
                <TextObject text={option.description} isInline />
              </span>
            )}
          </span>
        </label>
      ))}
    </div>
  );
};
