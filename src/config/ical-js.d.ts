/** What is used of ical.js: its own types are not found, since its `exports` name them last. */
declare module 'ical.js' {
  export class Time {
    readonly year: number;
    readonly month: number;
    readonly day: number;
    readonly hour: number;
    readonly minute: number;
    readonly second: number;
    readonly isDate: boolean;
    readonly zone: { readonly tzid: string } | null;
    toUnixTime(): number;
  }
  export class Property {
    getParameter(name: string): string | string[] | undefined;
    toICALString(): string;
  }
  export class Component {
    constructor(jCal: unknown);
    readonly name: string;
    getAllSubcomponents(name: string): Component[];
    getFirstProperty(name: string): Property | null;
    getAllProperties(name: string): Property[];
    getFirstPropertyValue(name: 'status'): string | null;
  }
  export class Event {
    constructor(component: Component, options?: { exceptions?: Component[]; strictExceptions?: boolean });
    readonly component: Component;
    readonly uid: string | null;
    readonly summary: string | null;
    readonly startDate: Time;
    readonly endDate: Time;
    isRecurring(): boolean;
    isRecurrenceException(): boolean;
    relateException(exception: Event): void;
    iterator(): { next(): Time | undefined };
    getOccurrenceDetails(at: Time): { startDate: Time; endDate: Time; item: Event };
  }
  const ICAL: { parse(text: string): unknown; Component: typeof Component; Event: typeof Event };
  export default ICAL;
}
