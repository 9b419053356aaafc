import type { Call, Fault } from './protocol.ts';
import type { Runner } from './runner-client.ts';

/** A kernel ready to be timed: its calls take turns over `sets` of buffers. */
export interface Candidate {
  readonly id: string;
  readonly call: Call;
}

/** The byte that outputs are filled with before a checked run: all ones is a NaN in every float type, so an element that was never written shows. */
export const NAN_POISON = 0xff;
/** A second fill, finite in every float type: a kernel that reads its output, or leaves some of it alone, gives other bytes under this one. */
export const FINITE_POISON = 0x3b;

export type Checked =
  { readonly ok: true; readonly hash: string; readonly ns: number } | { readonly ok: false; readonly fault: Fault };

/**
 * One run of a kernel on poisoned outputs: the hash of what it wrote, and the time of that first, cold call. `restore` brings arrays that
 * the kernel updates in place back first.
 */
export async function runChecked(
  runner: Runner,
  candidate: Candidate,
  outputs: readonly string[],
  limitMs: number,
  poison: number = NAN_POISON,
): Promise<Checked> {
  const restored = new Set((candidate.call.restore ?? []).map(([to]) => to));
  for (const buf of outputs) {
    if (restored.has(buf)) continue;
    const filled = await runner.request({ op: 'fill', buf, from: { kind: 'byte', value: poison } });
    if (!filled.ok) return filled;
  }
  const first = candidate.call.sets.slice(0, 1);
  const run = await runner.request({ op: 'run', call: { ...candidate.call, sets: first }, limitMs });
  if (!run.ok) return run;
  const hashed = await runner.request({ op: 'hash', bufs: outputs });
  return hashed.ok ? { ok: true, hash: hashed.result.hashes.join(' '), ns: run.result.ns } : hashed;
}

export type Screened =
  | { readonly ok: true; readonly ns: number; readonly samples: readonly number[]; readonly dropped: boolean }
  | { readonly ok: false; readonly fault: Fault };

/**
 * First tier: a few calls of a kernel that has just run once. One that takes more than twice the best time so far is dropped after
 * its first sample. The result is the fastest sample during which the kernel kept its CPU:
 * what disturbs a sample only ever makes it slower, and there are too few of them for a median.
 */
export async function screen(
  runner: Runner,
  candidate: Candidate,
  options: { readonly bestNs?: number; readonly calls: number; readonly minNs: number; readonly limitMs: number },
): Promise<Screened> {
  const answer = await runner.request({
    op: 'time',
    calls: [candidate.call],
    order: Array.from({ length: options.calls }, () => 0),
    minNs: options.minNs,
    ...(options.bestNs === undefined ? {} : { stopNs: 2 * options.bestNs }),
    limitMs: options.limitMs,
  });
  if (!answer.ok) return answer;
  const { samples, preempted, stopped } = answer.result;
  return { ok: true, ns: fastestUndisturbed(samples, preempted), samples, dropped: stopped };
}

/** The fastest of the samples that were not interrupted, or of all if every one was. */
export function fastestUndisturbed(samples: readonly number[], preempted: readonly boolean[]): number {
  const calm = samples.filter((_, i) => preempted[i] !== true);
  return Math.min(...(calm.length > 0 ? calm : samples));
}
