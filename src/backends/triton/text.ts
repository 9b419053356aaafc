import type { Val } from '../../codegen/ir/tile.ts';
import type { Axes } from './axes.ts';

/** Text of a value, and whether it binds as tightly as a name. */
export interface Text {
  readonly text: string;
  readonly tight: boolean;
}
export const tight = (text: string): Text => ({ text, tight: true });
export const loose = (text: string): Text => ({ text, tight: false });

/** A condition under which code around runs for the points of a block, as a name. */
export interface Guard {
  readonly text: string;
  readonly axes: Axes;
  /** The bounds of a loop: some point of the block is within them whenever the code runs. */
  readonly loop: boolean;
}

/** What is known to have a name here, by its text. */
export interface Known {
  readonly get: (key: string) => string | undefined;
  readonly set: (key: string, name: string) => void;
}

export interface PrintCx {
  /** Lines that stand before the statement whose value is printed. */
  readonly before: (line: string) => void;
  /** A name that the kernel does not have. */
  readonly fresh: (base: string) => string;
  /** Notes that a device function is used. */
  readonly use: (fn: string) => string;
  /** A local, dim or scalar as it is printed. */
  readonly name: (id: string) => string;
  /** The pointer of an array, the axes that it moves with, and that it is read. */
  readonly array: (id: string) => { readonly text: string; readonly axes: Axes; readonly bytes: boolean };
  readonly read: (array: string) => void;
  readonly axes: (v: Val) => Axes;
  /** Extents of a block along axes, as a tuple. */
  readonly shape: (axes: Axes) => string;
  /** Conditions of the statements around, outermost first. */
  readonly guards: readonly Guard[];
  readonly known: Known;
  /** An element that is wanted as it is stored. */
  readonly raw?: Val;
}

/** What this target does not have yet; the backend makes a reason of it. */
export class Unsupported extends Error {}
