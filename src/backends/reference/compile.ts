import type { Stage } from '../../codegen/ir/stage.ts';
import type { Emitter, Surroundings } from './emit/code.ts';
import { rootBlock } from './emit/code.ts';
import { emitExpr } from './emit/expr.ts';
import type { Memory } from './memory.ts';
import * as bits from './runtime/bits.ts';
import * as bound from './runtime/bound.ts';
import * as math from './runtime/math.ts';
import * as sort from './runtime/sort.ts';
import * as wide from './runtime/wide.ts';

const { codecs, ...casts } = bits;
const HELPERS: Readonly<Record<string, unknown>> = { ...wide, ...math, ...bound, ...sort, ...casts, ...codecs };

/** A place where an access out of range was met. */
export interface Fault {
  readonly stage: string;
  readonly buf: string;
  /** Flat index (bytes for packed rows). */
  readonly index: number;
}
/** Collects faults: the first few of each site, and how many there were. */
export interface FaultLog {
  readonly sites: { readonly stage: string; readonly buf: string }[];
  readonly faults: Fault[];
  count: number;
}
const KEPT = 100;

export function newEmitter(around: Surroundings, stage: string, bounds: boolean): Emitter {
  return {
    around,
    stage,
    bounds,
    block: rootBlock(),
    next: 0,
    helpers: new Set(),
    memories: new Map(),
    objects: new Map(),
    axes: new Map(),
    vars: new Map(),
    strict: false,
    speculative: 0,
    doubts: [],
    expr: emitExpr,
  };
}

/** Turns what was emitted into a function of `params`. */
export function instantiate(
  em: Emitter,
  params: readonly string[],
  log: FaultLog,
): (...args: readonly number[]) => unknown {
  const miss = (site: number, index: number): number => {
    log.count++;
    const at = log.sites[site];
    if (at !== undefined && log.faults.length < KEPT) log.faults.push({ ...at, index });
    return 0;
  };
  const memory: Record<string, unknown> = {};
  const prologue = [...em.helpers].map((h) => `const ${h} = H.${h};`);
  for (const [name, m] of em.memories) {
    Object.assign(memory, viewsOf(name, m));
    for (const suffix of ['', 'e', 's', 'v']) prologue.push(`const ${name}${suffix} = M.${name}${suffix};`);
  }
  for (const [name, object] of em.objects) {
    memory[name] = object;
    prologue.push(`const ${name} = M.${name};`);
  }
  const code = ['"use strict";', `return function(${params.join(', ')}) {`, ...prologue, ...em.block.lines, '};'].join(
    '\n',
  );
  try {
    const make: unknown = new Function('H', 'M', code);
    if (typeof make !== 'function') throw new Error('no function');
    return make({ ...HELPERS, miss }, memory) as (...args: readonly number[]) => unknown;
  } catch (error) {
    throw new Error(`internal: the reference emitted bad code for ${em.stage}: ${String(error)}\n${code}`, {
      cause: error,
    });
  }
}
function viewsOf(name: string, m: Memory): Record<string, unknown> {
  const one = <T>(list: readonly T[]): T | readonly T[] | undefined => (m.list ? list : list[0]);
  const bytes = m.layout === 'row' ? m.data.map((d) => new DataView(d.buffer, d.byteOffset, d.byteLength)) : [];
  return {
    [name]: one(m.data),
    [`${name}e`]: m.err === undefined ? undefined : one(m.err),
    [`${name}s`]: m.shapes,
    [`${name}v`]: one(bytes),
  };
}
export type StageOf<K extends Stage['kind']> = Extract<Stage, { kind: K }>;
