/** Text of a value, and whether it binds as tightly as a name. */
export interface Text {
  readonly text: string;
  readonly tight: boolean;
}
export const tight = (text: string): Text => ({ text, tight: true });
export const loose = (text: string): Text => ({ text, tight: false });

export interface PrintCx {
  /** Lines that stand before the statement whose value is printed. */
  readonly before: (line: string) => void;
  /** A name that the kernel does not have. */
  readonly fresh: (base: string) => string;
  /** Notes that a device function is used. */
  readonly use: (fn: string) => string;
}

/** What this target does not have yet; the backend makes a reason of it. */
export class Unsupported extends Error {}
