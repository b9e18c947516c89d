/** The part of the ports that knows what the names of scopes led to first. */
import type { NamedInTarget } from '../../domain/grants/named-in-target.ts';

export type TargetNameReads = {
  /** The id that the name led to first; null where it was not looked at yet. */
  boundName(target: string, name: string): Promise<string | null>;
};

export type TargetNameWrites = {
  /** Binds a name that is not bound, and gives the id that it is bound to. */
  bind(target: string, named: NamedInTarget): Promise<string>;
  /** True the first time that the name of this target is found to lead there. */
  setMoved(target: string, named: NamedInTarget): Promise<boolean>;
};
