import { canonical, configId, invalidity } from '../codegen/space/config.ts';
import type { Config } from '../codegen/space/space.ts';
import { shuffle } from '../codegen/space/random.ts';
import { median } from '../measure/statistics.ts';
import { roundRobin } from '../measure/rounds.ts';
import type { Candidate } from '../measure/screen.ts';
import type { Measurement } from '../store/records.ts';
import { draft, failure, leanOf, MIN_SAMPLE_NS } from './lab.ts';
import type { Baseline, Draft, Finding, Planned } from './lab.ts';
import type { Built } from './compile.ts';
import { outcomeOf } from './ledger.ts';
import type { Entry } from './ledger.ts';
import type { Session } from './session.ts';
import type { Feedback, Outcome } from './strategy.ts';

/** Configs measured between two looks at the machine. */
const WINDOW = 8;
/** Contenders of a batch are at most this many times slower than the best: more than a screening errs. That many are timed side by side. */
const CONTEND_WITHIN = 1.25;
const MOST_CONTENDERS = 5;
const CONTEND_ROUNDS = 5;
const CONTEND_MS = 250;

/**
 * Finds out what became of the proposals of one batch: from memory, from the records of an earlier run, or by compiling, checking and timing.
 * Undefined if the budget ended first; what was measured by then is kept.
 */
export async function evaluateBatch(
  s: Session,
  batch: number,
  proposals: readonly Config[],
  proposer: string,
): Promise<Feedback | undefined> {
  const rejected = new Map<Config, Outcome>();
  const ids = new Map<Config, string>();
  const fresh: Planned[] = [];
  for (const proposal of proposals) {
    const config = canonical(s.space, proposal);
    const reasons = invalidity(s.space, config);
    if (reasons.length > 0) {
      rejected.set(proposal, { config: proposal, state: 'invalid', reasons });
      continue;
    }
    const id = configId(s.space, config);
    ids.set(proposal, id);
    if (s.ledger.get(id) !== undefined || fresh.some((p) => p.id === id)) continue;
    const planned: Planned = { id, config, proposer, batch };
    if (!recall(s, planned)) fresh.push(planned);
  }
  const keptLabels = s.kept.labels.get(batch) ?? [];
  const before = fresh.length === 0 ? keptLabels : [];
  for (const label of before) s.ledger.relabel(label.id, label.ns);
  if (!(await measureAll(s, fresh))) return undefined;
  const revised = fresh.length === 0 ? before.map((l) => l.id) : await contend(s, batch, fresh);
  const proposed = new Set(ids.values());
  return {
    outcomes: proposals.map((p) => rejected.get(p) ?? known(s, ids.get(p))),
    revised: revised.filter((id) => !proposed.has(id)).map((id) => known(s, id)),
  };
}

function known(s: Session, id: string | undefined): Outcome {
  const entry = id === undefined ? undefined : s.ledger.get(id);
  if (entry === undefined) throw new Error(`internal: nothing is known of ${id ?? 'a config'} after its batch`);
  return outcomeOf(entry);
}

/** Takes a config from the records of an earlier run of this study; false if they do not have it. */
function recall(s: Session, p: Planned): boolean {
  const row = s.kept.trials.get(p.id);
  if (row === undefined) return false;
  const ns = s.kept.labels.get(p.batch)?.find((l) => l.id === p.id)?.ns;
  if (row.state !== 'failed' && ns === undefined) return false;
  s.ledger.put({
    ...p,
    state: row.state,
    ns,
    ...(row.invalidity === undefined ? {} : { invalidity: row.invalidity }),
    ...(row.detail === undefined ? {} : { detail: row.detail }),
    ...(row.source === undefined ? {} : { source: row.source }),
  });
  return true;
}

/** Emits, compiles, checks and times configs, a few translation units at a time. False if the budget ended before all were done. */
async function measureAll(s: Session, planned: readonly Planned[]): Promise<boolean> {
  for (let i = 0; i < planned.length;) {
    const chunk = planned.slice(i, i + s.chunkSize());
    if (chunk.length === 0 || !(await measureChunk(s, chunk))) return false;
    i += chunk.length;
  }
  return true;
}

/** A config whose code another one has: the same outcome at no cost. */
function copyOf(p: Planned, twin: Entry): Finding {
  return { entry: { ...twin, ...p, detail: `same code as ${twin.id}` }, measurements: [] };
}

/** What was emitted of a chunk: kernels with the outcome of their compilation, and configs whose code is that of another one. */
interface Emission {
  readonly kernels: readonly { readonly d: Draft; readonly b: Built }[];
  readonly twins: readonly { readonly p: Planned; readonly source: string }[];
}

/** Emits a chunk and compiles it in units that are about equally long: all wait for the longest one. */
async function emitAndCompile(s: Session, chunk: readonly Planned[]): Promise<Emission> {
  const twins: { readonly p: Planned; readonly source: string }[] = [];
  const drafts = new Map<string, Draft>();
  for (const p of chunk) {
    const emitted = draft(s.subject, p);
    if (!emitted.ok) s.record(emitted.finding, true);
    else if (drafts.has(emitted.draft.source) || s.ledger.bySource(emitted.draft.source) !== undefined) {
      twins.push({ p, source: emitted.draft.source });
    } else drafts.set(emitted.draft.source, emitted.draft);
  }
  const deadline = s.deadline();
  const built = new Map<Draft, Built>();
  await Promise.all(
    unitsOf([...drafts.values()], s.unitSize(drafts.size)).map(async (unit) => {
      const list = await s.lab.compile(unit, deadline);
      for (const [i, d] of unit.entries()) {
        const b = list[i];
        if (b !== undefined) built.set(d, b);
      }
    }),
  );
  const kernels = [...drafts.values()].flatMap((d) => {
    const b = built.get(d);
    return b === undefined ? [] : [{ d, b }];
  });
  return { kernels, twins };
}

/** Drafts dealt to as many units of at most `size` as it takes: the longest text first, each to the unit that is shortest so far. */
function unitsOf(drafts: readonly Draft[], size: number): readonly (readonly Draft[])[] {
  const units = Array.from({ length: Math.ceil(drafts.length / size) }, () => ({ text: 0, drafts: [] as Draft[] }));
  const lengthOf = (d: Draft): number => leanOf(d.emitted).body.length;
  for (const d of drafts.toSorted((a, b) => lengthOf(b) - lengthOf(a))) {
    const open = units.filter((u) => u.drafts.length < size);
    const shortest = open.reduce((a, b) => (b.text < a.text ? b : a));
    shortest.drafts.push(d);
    shortest.text += lengthOf(d);
  }
  return units.map((u) => u.drafts);
}

async function measureChunk(s: Session, planned: readonly Planned[]): Promise<boolean> {
  const started = s.clock();
  await s.enter('compile');
  const { kernels, twins } = await emitAndCompile(s, planned);
  for (const { b } of kernels) {
    if (b.ok || (b.kind !== 'missing' && b.kind !== 'disk')) continue;
    s.breakOff(b.kind === 'missing' ? 'compiler' : 'disk', b.log);
    return false;
  }
  const unfinished = kernels.filter(({ b }) => !b.ok && b.kind === 'aborted').length;
  if (unfinished > 0 && !s.signal.aborted) s.cutCompiler(unfinished, s.clock() - started);
  await s.enter('measure');
  for (let i = 0; i < kernels.length; i += WINDOW) {
    const window: { readonly d: Draft; readonly b: Built; readonly finding: Finding }[] = [];
    for (const { d, b } of kernels.slice(i, i + WINDOW)) {
      const over = s.isOver() || (!b.ok && b.kind === 'aborted');
      if (over) {
        for (const w of window) s.record(w.finding, true);
        return false;
      }
      window.push({ d, b, finding: await s.lab.measure(d, b, baseline(s, window)) });
      const last = window.at(-1)?.finding.entry;
      if (last?.invalidity === 'runtime' && !(await s.isRunnerUp())) {
        for (const w of window.slice(0, -1)) s.record(w.finding, true);
        s.breakOff('runner', last.detail ?? '');
        return false;
      }
    }
    const calm = await s.calibration.calm();
    for (const w of window) {
      s.record(calm || s.isOver() ? w.finding : await s.lab.rescreen(w.finding, w.d, w.b, baseline(s, [])), true);
    }
  }
  for (const { p, source } of twins) {
    const twin = s.ledger.bySource(source);
    if (twin !== undefined) s.record(copyOf(p, twin), false);
  }
  s.learnPace((s.clock() - started) / planned.length);
  return true;
}

function baseline(s: Session, window: readonly { readonly finding: Finding }[]): Baseline {
  const times = window.flatMap((w) =>
    w.finding.entry.state === 'ok' && w.finding.entry.ns !== undefined ? [w.finding.entry.ns] : [],
  );
  const best = Math.min(s.ledger.ranking()[0]?.ns ?? Infinity, ...times);
  return { defaultNs: s.defaultNs(), bestNs: Number.isFinite(best) ? best : undefined };
}

/**
 * Second tier: the best of a batch against the incumbent and a duplicate of it, side by side, so that a lucky sample does not lead the search astray.
 * Returns the ids whose labels changed.
 */
async function contend(s: Session, batch: number, fresh: readonly Planned[]): Promise<readonly string[]> {
  const isFresh = new Set(fresh.map((p) => p.id));
  const ranking = s.ledger.ranking();
  const best = ranking[0];
  if (best?.ns === undefined || s.isOver()) return [];
  const limit = best.ns * CONTEND_WITHIN;
  const contenders = ranking.filter((e) => isFresh.has(e.id) && (e.ns ?? Infinity) <= limit).slice(0, MOST_CONTENDERS);
  const incumbent = ranking.find((e) => !isFresh.has(e.id));
  const entries = incumbent === undefined ? contenders : [incumbent, ...contenders];
  if (entries.length < 2 || contenders.length === 0) return [];
  const candidates: Candidate[] = [];
  for (const e of entries) {
    const c = await s.candidateOf(e);
    if (c !== undefined) candidates.push(c);
  }
  const first = candidates[0];
  if (first === undefined) return [];
  const rounds = await roundRobin(
    s.runner,
    shuffle(s.timingRng, [...candidates, { ...first, id: `${first.id} again` }]),
    {
      rounds: CONTEND_ROUNDS,
      minNs: MIN_SAMPLE_NS,
      budgetMs: Math.min(CONTEND_MS, s.budget.searchMsLeft()),
      limitMs: 4 * CONTEND_MS + s.lab.limitMs(baseline(s, [])),
      signal: s.signal,
      clock: s.clock,
    },
    s.timingRng,
  );
  const rows: Measurement[] = [];
  for (const [i, c] of rounds.candidates.entries()) {
    const samples = rounds.samples[i] ?? [];
    if (samples.length === 0 || s.ledger.get(c.id) === undefined) continue;
    rows.push({
      configId: c.id,
      tier: 'contend',
      medianNs: median(samples),
      samples,
      cache: s.cache,
      probe: s.calibration.state().last,
    });
  }
  for (const f of rounds.faults) {
    const e = s.ledger.get(f.candidate.id);
    if (e !== undefined)
      s.ledger.put({
        ...failure(e, 'runtime', 'failed when timed again').entry,
        ...(e.source === undefined ? {} : { source: e.source }),
      });
  }
  for (const r of rows) s.ledger.relabel(r.configId, r.medianNs);
  s.store.measurements(s.studyId, rows);
  s.store.labels(
    s.studyId,
    batch,
    rows.map((r) => ({ configId: r.configId, ns: r.medianNs })),
  );
  s.noteBest();
  return rows.map((r) => r.configId);
}
