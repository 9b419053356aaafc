import type { Span } from '../../diagnostics/span.ts';
import { isNarrow, widen } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';
import * as b from '../ir/build.ts';
import { sameExpr } from '../ir/rewrite.ts';
import type { Expr, Place, Stage } from '../ir/stage.ts';
import { reads, rewrite, stageReads } from '../ir/walk.ts';
import { reduceType } from '../ir/verify.ts';
import { plainAxis } from './lhs.ts';
import { emit } from './scope.ts';
import type { Builder, LoopAxis } from './scope.ts';

/** A value to be stored over loops. */
export interface Store {
  readonly name: string;
  readonly span: Span;
  readonly axes: readonly LoopAxis[];
  readonly where: Expr;
  readonly out: Place;
  readonly dtype: DType;
  readonly near: boolean;
  readonly value: Expr;
  /** Number of stages before those that the value needed: only younger ones may be merged into. */
  readonly since: number;
  /** Set where the stored element may be handed out again in place of the merged temporary. */
  readonly reusable: boolean;
}

/** Emits the stage that stores a value; a fold made for it alone takes the value's other operations as its `post`. */
export function store(builder: Builder, s: Store, to?: Stage[]): void {
  const wide = b.convert(widen(s.dtype), s.value);
  // A written rounding stays where readers may come to compute the value by themselves.
  const declared = builder.buffers.find((x) => x.id === s.out.buf)?.role !== 'temp';
  const idle = declared && isIdle(wide, s.dtype) ? wide.a : wide;
  const value = s.near && isNarrow(s.dtype) ? b.cast('near', s.dtype, wide) : idle;
  const where = s.where.kind === 'bool' && s.where.value ? {} : { where: s.where };
  const base = { name: s.name, span: s.span, axes: s.axes.map(plainAxis), out: s.out, ...where };
  const merged = mergeable(builder, s, value);
  if (merged === undefined) {
    emit(builder, (id) => ({ kind: 'map', id, ...base, value }), to);
    return;
  }
  const { stage, temp } = merged;
  builder.stages.splice(builder.stages.indexOf(stage), 1);
  builder.buffers.splice(
    builder.buffers.findIndex((x) => x.id === temp),
    1,
  );
  for (const [key, known] of builder.memo) {
    if (known.buf !== temp) continue;
    builder.memo.delete(key);
    const same = s.reusable && value.kind === 'read' && where.where === undefined && known.dtype === s.dtype;
    // The loops of both run in the same order, so the stored element stands for the temporary.
    if (same && stage.kind === 'reduce') builder.memo.set(key, { ...known, buf: s.out.buf, index: s.out.index });
  }
  emit(
    builder,
    (id) => {
      if (stage.kind === 'scan') return { ...stage, id, name: s.name, span: s.span, out: s.out };
      const acc = b.acc(reduceType(stage.reduce));
      const post = rewrite(value, (x) => (x.kind === 'read' && x.buf === temp ? acc : x));
      return { kind: 'reduce', id, ...base, reduce: stage.reduce, ...(post.kind === 'var' ? {} : { post }) };
    },
    to,
  );
}

/** A rounding to the type that the value has and is stored in. */
const isIdle = (e: Expr, dtype: DType): e is Extract<Expr, { kind: 'cast' }> =>
  e.kind === 'cast' && e.to === dtype && e.a.type === dtype;

type Folded = Extract<Stage, { kind: 'reduce' | 'scan' }>;
function mergeable(
  builder: Builder,
  s: Store,
  value: Expr,
): { readonly stage: Folded; readonly temp: string } | undefined {
  const ids = new Set(s.axes.map((a) => a.id));
  for (const stage of builder.stages.slice(s.since).reverse()) {
    if ((stage.kind !== 'reduce' && stage.kind !== 'scan') || stage.where !== undefined) continue;
    if (stage.axes.length !== ids.size || !stage.axes.every((a) => ids.has(a.id))) continue;
    const temp = stage.out.buf;
    const uses = reads(value).filter((r) => r.buf === temp);
    if (uses.length === 0 || !uses.every((r) => sameIndex(r.index, stage.out.index))) continue;
    if (builder.buffers.find((x) => x.id === temp)?.role !== 'temp') continue;
    if (builder.stages.some((x) => stageReads(x).some((r) => r.buf === temp))) continue;
    if (stage.kind === 'scan' && !(isPlain(value, s.dtype) && s.where.kind === 'bool')) continue;
    return { stage, temp };
  }
  return undefined;
}
const sameIndex = (x: readonly Expr[], y: readonly Expr[]): boolean =>
  x.length === y.length && x.every((e, k) => sameExpr(e, y[k] ?? e));
/** Storing rounds to the storage type by itself, within one arithmetic type. */
const isPlain = (e: Expr, dtype: DType): boolean =>
  e.kind === 'read' || (e.kind === 'cast' && e.to === dtype && e.a.kind === 'read' && e.a.type === widen(dtype));
