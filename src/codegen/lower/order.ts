import type { BufId, Buffer, Expr, Stage } from '../ir/stage.ts';
import { reads, stageReads, stageWrites } from '../ir/walk.ts';

/** Stable order in which a buffer's writers come before its other readers; a cycle keeps the order of the source. */
export function sortStages(stages: readonly Stage[]): readonly Stage[] {
  const writers = new Map<BufId, Stage[]>();
  for (const s of stages) for (const w of new Set(stageWrites(s))) writers.set(w, [...(writers.get(w) ?? []), s]);
  const out: Stage[] = [];
  const state = new Map<Stage, 'open' | 'done'>();
  const go = (s: Stage): void => {
    if (state.has(s)) return;
    state.set(s, 'open');
    for (const buf of needs(s))
      for (const w of writers.get(buf) ?? []) if (w !== s && !(w.kind === 'recur' && isInit(s, w))) go(w);
    state.set(s, 'done');
    out.push(s.kind === 'recur' ? { ...s, body: sortBody(s) } : s);
  };
  stages.forEach(go);
  return out;
}
/** A state's entry value is written before its recurrence, which writes it too. */
const isInit = (s: Stage, recur: Extract<Stage, { kind: 'recur' }>): boolean =>
  stageWrites(s).some((w) => recur.states.includes(w));
function needs(s: Stage): readonly BufId[] {
  return [...stageReads(s).map((r) => r.buf), ...(s.kind === 'recur' ? s.states : [])];
}
/** In a step, reads of a state see its start, so they wait for nothing. */
function sortBody(s: Extract<Stage, { kind: 'recur' }>): readonly Stage[] {
  const writers = new Map<BufId, Stage[]>();
  for (const b of s.body)
    for (const w of stageWrites(b)) if (!s.states.includes(w)) writers.set(w, [...(writers.get(w) ?? []), b]);
  const out: Stage[] = [];
  const seen = new Set<Stage>();
  const go = (b: Stage): void => {
    if (seen.has(b)) return;
    seen.add(b);
    for (const r of stageReads(b)) for (const w of writers.get(r.buf) ?? []) go(w);
    out.push(b);
  };
  s.body.forEach(go);
  return out;
}

/** Drops stages whose temporaries nothing reads, and those temporaries. `extra` are expressions outside of stages that read buffers. */
export function dropDead(
  stages: readonly Stage[],
  buffers: readonly Buffer[],
  extra: readonly Expr[],
): { readonly stages: readonly Stage[]; readonly buffers: readonly Buffer[] } {
  const temp = new Set(buffers.filter((b) => b.role === 'temp').map((b) => b.id));
  let kept = stages;
  for (;;) {
    const used = new Set([
      ...kept.flatMap(needs),
      ...buffers.flatMap((b) => b.shape.flatMap(reads)).map((r) => r.buf),
      ...extra.flatMap(reads).map((r) => r.buf),
    ]);
    const alive = (s: Stage): boolean => stageWrites(s).some((w) => !temp.has(w) || used.has(w));
    const next = kept.filter(alive).map((s) => (s.kind === 'recur' ? { ...s, body: s.body.filter(alive) } : s));
    const count = (list: readonly Stage[]): number =>
      list.reduce((n, s) => n + 1 + (s.kind === 'recur' ? s.body.length : 0), 0);
    const same = count(next) === count(kept);
    kept = next;
    if (same) break;
  }
  const written = new Set(kept.flatMap(stageWrites));
  return { stages: kept, buffers: buffers.filter((b) => b.role !== 'temp' || written.has(b.id)) };
}
