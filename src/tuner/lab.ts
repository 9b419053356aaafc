import { readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Emitted } from '../codegen/program.ts';
import type { Config, Space } from '../codegen/space/space.ts';
import { describeFault } from '../measure/install.ts';
import type { Installed } from '../measure/install.ts';
import type { Fault } from '../measure/protocol.ts';
import type { Runner } from '../measure/runner-client.ts';
import { FINITE_POISON, runChecked, screen } from '../measure/screen.ts';
import type { Candidate } from '../measure/screen.ts';
import type { Calibration } from '../measure/calibration.ts';
import type { Measurement } from '../store/records.ts';
import { compileVariants } from './compile.ts';
import type { Built } from './compile.ts';
import type { Entry, Invalidity } from './ledger.ts';
import { sourceHash } from './source-hash.ts';
import type { OutputReader, Subject, Verdict } from './subject.ts';

/** A config on its way to being measured. */
export interface Planned {
  readonly id: string;
  readonly config: Config;
  readonly proposer: string;
  readonly batch: number;
}
/** Emitted code of a planned config. */
export interface Draft extends Planned {
  readonly emitted: Emitted;
  readonly source: string;
}
/** Result of one config, with what the records keep of it. */
export interface Finding {
  readonly entry: Entry;
  readonly built?: Built;
  readonly measurements: readonly Measurement[];
}

export interface LabOptions {
  readonly subject: Subject;
  readonly space: Space;
  readonly runner: Runner;
  readonly installed: Installed;
  readonly calibration: Calibration;
  readonly outDir: string;
  readonly scratch: string;
  readonly perUnit: number;
  /** Verdicts by hash of the outputs, shared with the records. */
  readonly verdicts: Map<string, Verdict>;
  /** Checks and times every config in full, however slow: for recorded spaces. */
  readonly thorough: boolean;
  readonly onVerdict: (hash: string, id: string, verdict: Verdict) => void;
}
/** What later configs are held against. */
export interface Baseline {
  readonly defaultNs: number | undefined;
  readonly bestNs: number | undefined;
}

/** The first config may take this long; later ones at most twenty times the default and at least `LEAST_LIMIT_MS`. Milliseconds. */
const FIRST_LIMIT_MS = 20_000;
const LEAST_LIMIT_MS = 200;
/** A first call that takes this many times the best is not looked at further; one of short kernels is mostly cold code, and says nothing. */
const HOPELESS = 2.5;
/** Samples of each config where all are timed in full. */
const THOROUGH_CALLS = 11;
/** Time for the samples of one screening; two to five are taken. Nanoseconds. */
const SCREEN_NS = 12e6;
/** Samples of shorter kernels repeat the call until this much has passed. Nanoseconds. */
export const MIN_SAMPLE_NS = 100_000;

/** Outputs up to this size travel in the reply. */
const INLINE_BYTES = 1 << 20;
/** A kernel whose first call takes this many times the best is timed once more, not twice. */
const UNLIKELY = 1.6;

/** Emits a config; a refusal is a finding. */
export function draft(
  subject: Subject,
  planned: Planned,
): { readonly ok: true; readonly draft: Draft } | { readonly ok: false; readonly finding: Finding } {
  const result = subject.backend.emit(subject.graph, subject.arch, planned.config, subject.hint, `k_${planned.id}`);
  if (!result.ok)
    return { ok: false, finding: failure(planned, 'constraints', result.reasons.map((r) => r.message).join('; ')) };
  return { ok: true, draft: { ...planned, emitted: result.emitted, source: sourceHash(result.emitted) } };
}

/** What is known of a config before anything is. */
const planOf = ({ id, config, proposer, batch }: Planned): Planned => ({ id, config, proposer, batch });

export function failure(
  p: Planned,
  invalidity: Invalidity,
  detail: string,
  more: { readonly source?: string; readonly built?: Built } = {},
): Finding {
  return {
    entry: {
      ...planOf(p),
      state: 'failed',
      ns: undefined,
      invalidity,
      detail,
      ...(more.source === undefined ? {} : { source: more.source }),
    },
    ...(more.built === undefined ? {} : { built: more.built }),
    measurements: [],
  };
}

/** A kernel that has been compiled and loaded. */
export interface Ready {
  readonly candidate: Candidate;
  readonly draft: Draft;
  readonly built: Extract<Built, { ok: true }>;
}

/** Compiles, checks and times drafts. */
export interface Lab {
  compile(drafts: readonly Draft[], signal: AbortSignal): Promise<readonly Built[]>;
  /** The loaded kernel, ready to be called. */
  candidate(
    d: Draft,
    built: Extract<Built, { ok: true }>,
  ): Promise<{ readonly ok: true; readonly candidate: Candidate } | { readonly ok: false; readonly fault: Fault }>;
  /** A kernel that was loaded before. */
  known(id: string): Ready | undefined;
  /** One checked run, the verdict on its numbers, and the screening times. */
  measure(d: Draft, built: Built, baseline: Baseline): Promise<Finding>;
  /** Screens again, for a time that was taken while the machine was disturbed. */
  rescreen(finding: Finding, d: Draft, built: Built, baseline: Baseline): Promise<Finding>;
  verdict(d: Draft, candidate: Candidate, hash: string, limitMs: number): Promise<Verdict>;
  limitMs(baseline: Baseline): number;
}

/** What a search compiles of a config: the code that runs at its sizes. */
export const leanOf = (e: Emitted): Emitted => (e.lean === undefined ? e : { ...e, body: e.lean });

export function createLab(o: LabOptions): Lab {
  const loaded = new Set<string>();
  const ready = new Map<string, Ready>();
  /** The last config that ran and was right. */
  let good: string | undefined;
  const outputs: OutputReader = {
    async read(buf, ranges) {
      const bytes = ranges.reduce((sum, [, n]) => sum + n, 0);
      const path = bytes <= INLINE_BYTES ? undefined : join(o.scratch, 'output.bin');
      const answer = await o.runner.request({ op: 'gather', buf, ranges, ...(path === undefined ? {} : { path }) });
      if (!answer.ok) throw new Error(describeFault(answer.fault));
      if (path === undefined) return new Uint8Array(Buffer.from(answer.result.data ?? '', 'hex'));
      const data = new Uint8Array(readFileSync(path));
      rmSync(path, { force: true });
      return data;
    },
  };
  const limitMs = (b: Baseline): number =>
    b.defaultNs === undefined ? FIRST_LIMIT_MS : Math.max(LEAST_LIMIT_MS, (20 * b.defaultNs) / 1e6);

  const candidate: Lab['candidate'] = async (d, built) => {
    const lib = basename(built.path);
    const key = `${lib} ${built.entry}`;
    if (!loaded.has(key)) {
      // A library is loaded once for each of its entries: the same handle, a new table of one.
      const answer = await o.runner.request({ op: 'load', lib: key, path: built.path, entries: [built.entry] });
      if (!answer.ok) return answer;
      loaded.add(key);
    }
    const call = await o.installed.call(key, built.entry, d.emitted.abi);
    if (!call.ok) return call;
    const made: Candidate = { id: d.id, call: call.call };
    ready.set(d.id, { candidate: made, draft: d, built });
    return { ok: true, candidate: made };
  };

  const verdict: Lab['verdict'] = async (d, c, hash, limit) => {
    const known = o.verdicts.get(hash);
    if (known !== undefined) return known;
    let found = await judge(o.subject, d, outputs);
    if (found.ok && d.emitted.abi.deterministic) {
      const again = await runChecked(o.runner, c, o.installed.outputs, limit, FINITE_POISON);
      if (!again.ok) found = { ok: false, detail: `fails when run again: ${describeFault(again.fault)}` };
      else if (again.hash !== hash)
        found = { ok: false, detail: 'gives other bytes when run again, or leaves some unwritten' };
    }
    o.verdicts.set(hash, found);
    o.onVerdict(hash, d.id, found);
    return found;
  };

  const screened = async (d: Draft, built: Built, c: Candidate, firstNs: number, b: Baseline): Promise<Finding> => {
    const most = Math.max(2, Math.min(5, Math.round(SCREEN_NS / Math.max(firstNs, 1))));
    const hasty = firstNs > 1e6 && firstNs > UNLIKELY * (b.bestNs ?? Infinity);
    const calls = o.thorough ? THOROUGH_CALLS : hasty ? 1 : most;
    const times = await screen(o.runner, c, {
      ...(b.bestNs === undefined || o.thorough ? {} : { bestNs: b.bestNs }),
      calls,
      minNs: MIN_SAMPLE_NS,
      limitMs: calls * limitMs(b),
    });
    if (!times.ok) return fault(d, built, times.fault);
    const probe = o.calibration.state().last;
    const measurement: Measurement = {
      configId: d.id,
      tier: 'screen',
      medianNs: times.ns,
      samples: times.samples,
      cache: o.installed.cache,
      probe,
    };
    return {
      entry: { ...planOf(d), state: 'ok', ns: times.ns, source: d.source },
      built,
      measurements: [measurement],
    };
  };

  return {
    candidate,
    known: (id) => ready.get(id),
    verdict,
    limitMs,
    compile: (drafts, signal) =>
      compileVariants(
        o.subject.backend,
        o.subject.arch,
        drafts.map((d) => leanOf(d.emitted)),
        { outDirs: [o.outDir, join(o.scratch, 'objects')], perUnit: o.perUnit, signal },
      ),
    async measure(d, built, b) {
      const found = await attempt(d, built, b);
      if (found.entry.invalidity !== 'runtime') {
        if (found.entry.state === 'ok') good = d.id;
        return found;
      }
      // A fault may have left the device unable to run anything: then it was perhaps not this config's, and is certainly not that of the next one.
      if (await works()) return found;
      await o.runner.renew();
      const again = await attempt(d, built, b);
      if (again.entry.invalidity === 'runtime' && !(await works())) await o.runner.renew();
      return again;
    },
    async rescreen(finding, d, built, b) {
      if (finding.entry.state !== 'ok' || !built.ok) return finding;
      const loadedOne = await candidate(d, built);
      if (!loadedOne.ok) return finding;
      const again = await screened(d, built, loadedOne.candidate, finding.entry.ns ?? 0, b);
      return again.entry.state === 'ok'
        ? { ...again, measurements: [...finding.measurements, ...again.measurements] }
        : finding;
    },
  };

  /** True unless the last kernel that was in order fails now. */
  async function works(): Promise<boolean> {
    const proven = good === undefined ? undefined : ready.get(good);
    if (proven === undefined) return true;
    const { call } = proven.candidate;
    const run = await o.runner.request({
      op: 'run',
      call: { ...call, sets: call.sets.slice(0, 1) },
      limitMs: FIRST_LIMIT_MS,
    });
    return run.ok;
  }

  async function attempt(d: Draft, built: Built, b: Baseline): Promise<Finding> {
    if (!built.ok)
      return failure(d, built.kind === 'timeout' ? 'timeout' : 'compile', built.log.slice(0, 2000), {
        source: d.source,
        built,
      });
    const loadedOne = await candidate(d, built);
    if (!loadedOne.ok) return fault(d, built, loadedOne.fault);
    const first = await runChecked(o.runner, loadedOne.candidate, o.installed.outputs, limitMs(b));
    if (!first.ok) return fault(d, built, first.fault);
    const known = o.verdicts.get(first.hash);
    if (known?.ok === false) return failure(d, 'correctness', known.detail, { source: d.source, built });
    if (!o.thorough && b.bestNs !== undefined && first.ns > HOPELESS * b.bestNs && first.ns > 1e6) {
      return {
        entry: { ...planOf(d), state: 'pruned', ns: first.ns, source: d.source },
        built,
        measurements: [],
      };
    }
    const correct = await verdict(d, loadedOne.candidate, first.hash, limitMs(b));
    if (!correct.ok) return failure(d, 'correctness', correct.detail, { source: d.source, built });
    return screened(d, built, loadedOne.candidate, first.ns, b);
  }

  function fault(d: Draft, built: Built, f: Fault): Finding {
    return failure(d, f.kind === 'timeout' ? 'timeout' : 'runtime', describeFault(f), { source: d.source, built });
  }
}

/** A verifier that throws has found nothing out about the kernel: it counts as wrong, with the reason. */
async function judge(subject: Subject, d: Draft, outputs: OutputReader): Promise<Verdict> {
  try {
    return await subject.verify({ config: d.config, emitted: d.emitted, outputs });
  } catch (error) {
    return { ok: false, detail: `could not be verified: ${error instanceof Error ? error.message : String(error)}` };
  }
}
