import { must } from '../../assert.ts';
import * as b from '../ir/build.ts';
import { freshNames, sameExpr } from '../ir/rewrite.ts';
import type { BufId, Buffer, Expr, Stage } from '../ir/stage.ts';
import { mapStage, rewrite, stageReads, stageWrites } from '../ir/walk.ts';

type Writing = Extract<Stage, { kind: 'map' | 'reduce' | 'scan' }>;

/**
 * Stages that overwrite inputs come last and read entry values. A stage that reads such an input after an earlier one wrote it, or at another element
 * than the one that it writes, reads a copy instead.
 */
export function protectInputs(
  last: readonly Stage[],
  buffers: readonly Buffer[],
): { readonly stages: readonly Stage[]; readonly buffers: readonly Buffer[] } {
  const order = new Map<BufId, number>();
  last.forEach((s, k) => stageWrites(s).forEach((w) => order.set(w, Math.max(k, order.get(w) ?? 0))));
  const first = new Map<BufId, number>();
  last.forEach((s, k) => stageWrites(s).forEach((w) => void (first.has(w) || first.set(w, k))));
  const fresh = freshNames(buffers.map((x) => x.id));
  const copies = new Map<BufId, string>();
  const stages = last.map((s, k): Stage => {
    const late = (id: BufId): boolean => {
      const at = first.get(id);
      return at !== undefined && at <= k && (at < k || !onlyOwnElement(s, id));
    };
    const hurt = new Set(
      stageReads(s)
        .map((r) => r.buf)
        .filter(late),
    );
    if (hurt.size === 0) return s;
    for (const id of hurt) if (!copies.has(id)) copies.set(id, fresh(`${id}_entry`));
    return mapStage(s, (e) =>
      rewrite(e, (x) => (x.kind === 'read' && hurt.has(x.buf) ? { ...x, buf: must(copies.get(x.buf), x.buf) } : x)),
    );
  });
  const made = [...copies].map(([id, copy]) =>
    copyOf(
      must(
        buffers.find((x) => x.id === id),
        id,
      ),
      copy,
    ),
  );
  return { stages: [...made.map((m) => m.stage), ...stages], buffers: made.map((m) => m.buffer) };
}

/** True where a stage reads `id` at the very element that it writes next, and in no fold over others. */
function onlyOwnElement(s: Stage, id: BufId): boolean {
  if (s.kind !== 'map' && s.kind !== 'reduce') return false;
  const { out } = s as Writing;
  if (out.buf !== id) return false;
  const same = (x: Expr | undefined, y: Expr | undefined): boolean =>
    x === y || (x !== undefined && y !== undefined && sameExpr(x, y));
  return stageReads(s).every(
    (r) =>
      r.buf !== id ||
      (same(r.list, out.list) && r.field === out.field && r.index.every((e, k) => same(e, out.index[k]))),
  );
}

function copyOf(buffer: Buffer, id: string): { readonly buffer: Buffer; readonly stage: Stage } {
  const { role: _, ...rest } = buffer;
  const list = buffer.list === undefined ? [] : [b.axis(buffer.list.elem, buffer.list.count)];
  const axes = [...list, ...buffer.shape.map((n, k) => b.axis(`i${k}`, n))];
  const index = buffer.shape.map((_n, k) => b.axisRef(`i${k}`));
  const at = { list: buffer.list === undefined ? undefined : b.axisRef(buffer.list.elem) };
  if (buffer.row !== undefined) throw new Error('internal: an inout of packed rows');
  return {
    buffer: { ...rest, id, role: 'temp' },
    stage: {
      kind: 'map',
      id: `copy_${id}`,
      name: id,
      span: buffer.span,
      axes,
      out: b.place(id, index, at),
      value: b.read(buffer.id, buffer.dtype, index, at),
    },
  };
}
