import { shuffle } from '../codegen/space/random.ts';
import type { Rng } from '../codegen/space/random.ts';
import { median, ratio } from './statistics.ts';
import type { Interval } from './statistics.ts';
import type { Fault } from './protocol.ts';
import type { Runner } from './runner-client.ts';
import type { Candidate } from './screen.ts';

/** Samples of candidates measured side by side: `samples[c][r]` is candidate c in round r. Candidates that failed are in `faults` only. */
export interface Rounds {
  readonly candidates: readonly Candidate[];
  readonly samples: readonly (readonly number[])[];
  readonly faults: readonly { readonly candidate: Candidate; readonly fault: Fault }[];
}

export interface RoundsOptions {
  readonly rounds: number;
  readonly minNs: number;
  /** Most time to spend; fewer rounds are made where they do not fit. At least three are. */
  readonly budgetMs: number;
  /** Limit of one round in milliseconds. */
  readonly limitMs: number;
  readonly signal?: AbortSignal;
  /** Milliseconds from any origin; the real ones by default. */
  readonly clock?: () => number;
}

/** Times that samples which lost their CPU are taken again within their round. */
const RETRIES = 3;

/**
 * Interleaved round robin: each round times every candidate once, in a fresh random order, so that drift hits all alike. Samples that lost the
 * CPU are taken again; rounds that stay disturbed count only where fewer than three calm ones could be had. A candidate that fails leaves.
 */
export async function roundRobin(
  runner: Runner,
  candidates: readonly Candidate[],
  options: RoundsOptions,
  rng: Rng,
): Promise<Rounds> {
  let alive = [...candidates];
  const faults: { candidate: Candidate; fault: Fault }[] = [];
  const calm: ReadonlyMap<Candidate, number>[] = [];
  const disturbed: ReadonlyMap<Candidate, number>[] = [];
  const clock = options.clock ?? (() => performance.now());
  const end = clock() + options.budgetMs;
  for (let r = 0; calm.length < options.rounds && r < 2 * options.rounds && alive.length > 0; r++) {
    if (options.signal?.aborted === true) break;
    if (calm.length + disturbed.length > 0 && clock() > end) break;
    const round = await playRound(runner, alive, options, rng);
    if (round === undefined) {
      const culprit = await findCulprit(runner, alive, options);
      if (culprit === undefined) continue;
      faults.push(culprit);
      alive = alive.filter((c) => c !== culprit.candidate);
      continue;
    }
    (round.calm ? calm : disturbed).push(round.times);
  }
  const kept = calm.length >= 3 ? calm : [...calm, ...disturbed];
  const samples = alive.map((c) => kept.flatMap((round) => round.get(c) ?? []));
  return { candidates: alive, samples, faults };
}

/** One sample of each candidate; undefined if one failed. */
async function playRound(
  runner: Runner,
  candidates: readonly Candidate[],
  options: RoundsOptions,
  rng: Rng,
): Promise<{ readonly times: ReadonlyMap<Candidate, number>; readonly calm: boolean } | undefined> {
  const times = new Map<Candidate, number>();
  const calls = candidates.map((c) => c.call);
  let order = shuffle(
    rng,
    candidates.map((_, i) => i),
  );
  for (let attempt = 0; attempt <= RETRIES && order.length > 0; attempt++) {
    const answer = await runner.request({ op: 'time', calls, order, minNs: options.minNs, limitMs: options.limitMs });
    if (!answer.ok) return undefined;
    const { samples, preempted } = answer.result;
    order.forEach((c, i) => {
      const [candidate, sample] = [candidates[c], samples[i]];
      if (candidate === undefined || sample === undefined) return;
      times.set(candidate, Math.min(sample, times.get(candidate) ?? Infinity));
    });
    order = order.filter((_, i) => preempted[i] === true);
  }
  return { times, calm: order.length === 0 };
}

/** Which candidate fails when timed alone. */
async function findCulprit(
  runner: Runner,
  candidates: readonly Candidate[],
  options: RoundsOptions,
): Promise<{ readonly candidate: Candidate; readonly fault: Fault } | undefined> {
  for (const candidate of candidates) {
    const alone = await runner.request({
      op: 'time',
      calls: [candidate.call],
      order: [0],
      minNs: options.minNs,
      limitMs: options.limitMs,
    });
    if (!alone.ok) return { candidate, fault: alone.fault };
  }
  return undefined;
}

/** One line of the final table. */
export interface Standing {
  readonly id: string;
  readonly medianNs: number;
  readonly samples: readonly number[];
  /** Time of the default over the time of this one, paired by round. */
  readonly speedup: Interval;
}

export interface Final {
  readonly winner: string;
  /** Fastest first. */
  readonly standings: readonly Standing[];
  /** How far two measurements of the same kernel were apart, as a share: differences below it are ties. */
  readonly noise: number;
  /** True if nothing beat the default beyond doubt. */
  readonly tie: boolean;
  readonly faults: Rounds['faults'];
}

/** True if a speed-up is real: not chance, and more than two measurements of one kernel differ. */
export const beats = (speedup: Interval, noise: number): boolean => speedup.low > 1 && speedup.value > 1 + noise;

/**
 * Last tier: the best candidates, the default and a duplicate of the default as control, paired over many rounds. A candidate wins only
 * if the interval of its speed-up over the default lies above 1, and the speed-up itself above the noise that the control shows. Among candidates within the noise of
 * the fastest, the one named first wins, so callers put the simplest first.
 */
export async function playFinal(
  runner: Runner,
  defaultOne: Candidate,
  challengers: readonly Candidate[],
  options: RoundsOptions,
  rng: Rng,
): Promise<Final> {
  const control: Candidate = { ...defaultOne, id: `${defaultOne.id} (control)` };
  const rounds = await roundRobin(runner, [defaultOne, control, ...challengers], options, rng);
  const samplesOf = (c: Candidate): readonly number[] => rounds.samples[rounds.candidates.indexOf(c)] ?? [];
  const base = samplesOf(defaultOne);
  const echo = ratio(base, samplesOf(control), rng);
  const noise = Number.isFinite(echo.value) ? Math.max(Math.abs(echo.value - 1), 0.001) : 0.001;
  const standings = [defaultOne, ...challengers]
    .filter((c) => samplesOf(c).length > 0)
    .map((c) => ({
      id: c.id,
      medianNs: median(samplesOf(c)),
      samples: samplesOf(c),
      speedup: c === defaultOne ? { value: 1, low: 1, high: 1 } : ratio(base, samplesOf(c), rng),
    }));
  const proven = standings.filter((s) => s.id === defaultOne.id || beats(s.speedup, noise));
  const fastest = Math.max(...proven.map((s) => s.speedup.value));
  const winner = proven.find((s) => s.speedup.value >= fastest / (1 + noise))?.id ?? defaultOne.id;
  return {
    winner,
    standings: standings.toSorted((a, b) => b.speedup.value - a.speedup.value),
    noise,
    tie: winner === defaultOne.id,
    faults: rounds.faults,
  };
}
