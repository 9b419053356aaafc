import type { Span } from '../../diagnostics/span.ts';
import type { DType } from '../../dsl/dtypes.ts';
import * as b from '../ir/build.ts';
import { substitute } from '../ir/rewrite.ts';
import type { AxisId, Expr, Place, Stage } from '../ir/stage.ts';
import { freeAxes } from '../ir/walk.ts';
import { layoutOf } from './layout.ts';
import type { Layout } from './layout.ts';
import { normalKey } from '../ir/normal.ts';
import { emit } from './scope.ts';
import type { Builder, LoopAxis } from './scope.ts';

/** The loops of `scope` that `exprs` depend on, by themselves or through the bounds of others; outermost first. */
export function loopsOf(exprs: readonly Expr[], axes: readonly LoopAxis[]): readonly LoopAxis[] {
  const needed = new Set<AxisId>();
  for (const e of exprs) for (const id of freeAxes(e)) needed.add(id);
  for (const a of [...axes].reverse()) {
    if (!needed.has(a.id)) continue;
    for (const e of [a.lo, a.hi]) for (const id of freeAxes(e)) needed.add(id);
  }
  return axes.filter((a) => needed.has(a.id));
}

/** Declares the storage of a temporary. */
export function declareTemp(builder: Builder, name: string, dtype: DType, layout: Layout, span: Span): string {
  const id = builder.bufferName(name);
  builder.buffers.push({
    id,
    role: 'temp',
    dtype,
    shape: layout.shape,
    span,
    ...(layout.virtual ? { virtual: true } : {}),
    ...(layout.capacity === undefined ? {} : { capacity: { ragged: layout.capacity } }),
  });
  return id;
}

/**
 * Emits a stage that writes a temporary over `axes` and yields the read of it. A stage that computes what an earlier one computed is not repeated.
 * `key` is everything the values depend on; `make` must use the place that it is given.
 */
export function tempOf(
  builder: Builder,
  t: {
    readonly name: string;
    readonly dtype: DType;
    readonly axes: readonly LoopAxis[];
    readonly key: unknown;
    readonly span: Span;
  },
  make: (id: string, out: Place) => Stage,
): Expr {
  const key = normalKey([t.axes, t.dtype, t.key], builder.step);
  const known = builder.memo.get(key);
  if (known !== undefined) {
    const axes = new Map(known.axes.map((id, k) => [id, b.axisRef(t.axes[k]?.id ?? id)]));
    return b.read(
      known.buf,
      known.dtype,
      known.index.map((e) => substitute(e, { axes })),
    );
  }
  const layout = layoutOf(t.axes);
  const name = builder.owner === undefined ? t.name : `${builder.owner}_${t.name}`;
  const buf = declareTemp(builder, name, t.dtype, layout, t.span);
  emit(builder, (id) => make(id, b.place(buf, layout.index)));
  builder.memo.set(key, { buf, dtype: t.dtype, index: layout.index, axes: t.axes.map((a) => a.id) });
  return b.read(buf, t.dtype, layout.index);
}
