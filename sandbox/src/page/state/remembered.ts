/** Small choices that outlive the window, such as the theme. */
import { useState } from 'preact/hooks';

const read = (key: string): string | null => {
  try {
    return localStorage.getItem(key);
  } catch (error) {
    // A browser may forbid storage; the choice then lasts as long as the window.
    if (error instanceof DOMException) return null;
    throw error;
  }
};

const write = (key: string, value: string): void => {
  try {
    localStorage.setItem(key, value);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
};

export const useRemembered = <T extends string>(key: string, initial: T): [T, (value: T) => void] => {
  const name = `latchkey.local.${key}`;
  const [value, setValue] = useState<T>(() => (read(name) as T | null) ?? initial);
  return [
    value,
    (next) => {
      write(name, next);
      setValue(next);
    },
  ];
};
