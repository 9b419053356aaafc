import { DTYPES } from '../../dsl/dtypes.ts';
import type { Slot, Staged } from './staging.ts';

/** A circular buffer of a kernel. */
export interface Buffer {
  readonly slot: Slot;
  /** Its name in the text. */
  readonly cb: string;
  /** Second buffer of an array that is moved in and out: what comes in. */
  readonly old?: string;
  /** Buffer of the list of rows that are gathered. */
  readonly list?: { readonly cb: string; readonly holds: number };
  /** Bytes of the array that a slot holds. */
  readonly holds: number;
  readonly depth: number;
}
/** How local memory is divided. */
export interface Division {
  /** Bytes of local memory that circular buffers may take. */
  readonly local: number;
  /** Bytes of a slot that streams, at most. */
  readonly slot: number;
  /** Shares that a PE takes where there is enough to do. */
  readonly rounds: number;
  readonly depthIn: number;
  readonly depthOut: number;
}
/** Bytes in a slot beside what it holds: data begin as far from a border as in memory, and slots begin on borders of 64 bytes. */
export const SLACK = 64;
const LEAST = 256;

/**
 * Circular buffers for the arrays of a kernel: slots that stream have one size; what stays for the whole kernel, is scratch or gathered shares what is
 * left. Undefined where local memory has no room for them.
 */
export function tableOf(s: Staged, d: Division): readonly Buffer[] | undefined {
  const large = (x: Slot): boolean => x.resident || x.role === 'scratch' || x.gather !== undefined;
  const slotsOf = (x: Slot): number => {
    if (x.gather !== undefined) return d.depthIn;
    if (x.resident || x.role === 'scratch') return 1;
    return x.role === 'in' ? d.depthIn : x.role === 'out' ? d.depthOut : d.depthIn + d.depthOut;
  };
  const count = (of: readonly Slot[]): number => of.reduce((n, x) => n + slotsOf(x), 0);
  const lists = s.slots.filter((x) => x.gather !== undefined).length;
  const [streams, others] = [count(s.slots.filter((x) => !large(x))) + lists, count(s.slots.filter(large))];
  const floor = (bytes: number): number => Math.floor(bytes / 64) * 64 - SLACK;
  const stream = streams === 0 ? 0 : Math.min(d.slot, floor((others === 0 ? d.local : d.local / 2) / streams));
  const other = others === 0 ? 0 : floor((d.local - streams * (stream + SLACK)) / others);
  if ((streams > 0 && stream < LEAST) || (others > 0 && other < LEAST)) return undefined;
  return s.slots.map((slot): Buffer => {
    const cb = `CB_${slot.array.id.toUpperCase()}`;
    return {
      slot,
      cb,
      ...(slot.role === 'update' ? { old: `${cb}_OLD` } : {}),
      ...(slot.gather === undefined ? {} : { list: { cb: `${cb}_ROWS`, holds: stream } }),
      holds: large(slot) ? other : stream,
      depth: slot.role === 'update' ? d.depthOut : slotsOf(slot),
    };
  });
}
/** Bytes of one element as windows count them. */
export const unitOf = (s: Slot): number => (s.array.bytes === true ? 1 : DTYPES[s.array.dtype].bytes);
