/** Any interactive element, by its type. */
import type { JSX } from 'preact';
import { ButtonElement, OverflowElement } from './button.tsx';
import { ChoiceField, isChoice, isPicker, isTextField, Picker, TextField } from './fields.tsx';
import { ImageElement } from './image.tsx';
import type { ElementProps } from './place.tsx';
import { SelectElement, selectKind } from './selects.tsx';

export const Element = (props: ElementProps & { isInvalid?: boolean }): JSX.Element => {
  const type = String(props.element.type);
  if (type === 'button' || type === 'workflow_button') return <ButtonElement {...props} />;
  if (type === 'overflow') return <OverflowElement {...props} />;
  if (type === 'image') return <ImageElement element={props.element} />;
  if (selectKind(type) !== undefined) return <SelectElement {...props} />;
  if (isTextField(type)) return <TextField {...props} />;
  if (isPicker(type)) return <Picker {...props} />;
  if (isChoice(type)) return <ChoiceField {...props} />;
  return <span class="unknown">This page cannot show “{type}”.</span>;
};
