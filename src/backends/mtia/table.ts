import { DTYPES } from '../../dsl/dtypes.ts';
import type { Slot, Staged } from './staging.ts';

/** A circular buffer of a kernel. */
export interface Buffer {
  readonly slot: Slot;
  /** Its name in the text. */
  readonly cb: string;
  /** Second buffer of an array that is moved in and out: what comes in. */
  readonly old?: string;
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
  readonly depthIn: number;
  readonly depthOut: number;
}
/** Bytes in a slot beside what it holds: data begin as far from a border as in memory, and slots begin on borders of 64 bytes. */
export const SLACK = 64;
const LEAST = 256;

/**
 * Circular buffers for the arrays of a kernel: slots that stream have one size; what stays for the whole kernel, or is scratch, shares what is left.
 * Undefined where local memory has no room for them.
 */
export function tableOf(s: Staged, d: Division): readonly Buffer[] | undefined {
  const stays = (x: Slot): boolean => x.resident || x.role === 'scratch';
  const slotsOf = (x: Slot): number =>
    x.role === 'in' ? d.depthIn : x.role === 'out' ? d.depthOut : x.role === 'update' ? d.depthIn + d.depthOut : 1;
  const streams = s.slots.filter((x) => !stays(x)).reduce((n, x) => n + slotsOf(x), 0);
  const staying = s.slots.filter(stays).length;
  const floor = (bytes: number): number => Math.floor(bytes / 64) * 64 - SLACK;
  // Without anything that stays all is for what streams.
  const share = staying === 0 ? d.local : d.local / 2;
  const stream = streams === 0 ? 0 : Math.min(d.slot, floor(share / streams));
  const stay = staying === 0 ? 0 : floor((d.local - streams * (stream + SLACK)) / staying);
  if ((streams > 0 && stream < LEAST) || (staying > 0 && stay < LEAST)) return undefined;
  return s.slots.map((slot): Buffer => {
    const cb = `CB_${slot.array.id.toUpperCase()}`;
    return {
      slot,
      cb,
      ...(slot.role === 'update' ? { old: `${cb}_OLD` } : {}),
      holds: stays(slot) ? stay : stream,
      depth: slot.role === 'in' && !slot.resident ? d.depthIn : stays(slot) ? 1 : d.depthOut,
    };
  });
}
/** Bytes of one element as windows count them. */
export const unitOf = (s: Slot): number => (s.array.bytes === true ? 1 : DTYPES[s.array.dtype].bytes);
