import { must } from '../src/assert.ts';
import { seeded } from '../src/codegen/space/random.ts';
import type { Runner } from '../src/measure/runner-client.ts';
import { median, ratio } from '../src/measure/statistics.ts';
import type { Interval } from '../src/measure/statistics.ts';
import { good } from './ours.ts';
import type { Ours } from './ours.ts';
import type { Peer } from './peers/peer.ts';

/** Something that can be timed once per round. */
export interface Contestant {
  readonly name: string;
  /** Milliseconds of one call. */
  sample(): Promise<number>;
}
export interface Standing {
  readonly name: string;
  readonly ms: number;
  readonly samples: readonly number[];
}

/** Calls shorter than this are repeated within a sample, ours and the peers'. */
export const MIN_MS = 2;

/** `rounds` rounds, each contestant once a round in an order that rotates, so that drift of the machine hits all alike. */
export async function contest(all: readonly Contestant[], rounds: number): Promise<readonly Standing[]> {
  const samples = all.map((): number[] => []);
  for (const c of all) await c.sample();
  for (let r = 0; r < rounds; r++) {
    for (let k = 0; k < all.length; k++) {
      const i = (k + r) % all.length;
      samples[i]?.push(await must(all[i], 'contestant').sample());
    }
  }
  return all.map((c, i) => ({ name: c.name, ms: median(samples[i] ?? []), samples: samples[i] ?? [] }));
}

/** How many times faster `a` is than `b`, paired by round. */
export const faster = (a: Standing, b: Standing): Interval => ratio(b.samples, a.samples, seeded('bench'));

export const ourContestant = (name: string, ours: Ours, k: number): Contestant => ({
  name,
  sample: () => ours.sample(k, MIN_MS),
});

export const peerContestants = (peer: Peer, forms: readonly string[]): readonly Contestant[] =>
  forms.map((name) => ({
    name,
    sample: async () => Number((await peer.request({ op: 'time', form: name }))['ns']) / 1e6,
  }));

/** One copy past the caches of 64 MiB to 64 MiB, as milliseconds for `bytes`: what the memory allows at that moment. */
export const copyContestant = (runner: Runner, bytes: number): Contestant => ({
  name: 'copy past the caches',
  async sample() {
    return bytes / good(await runner.request({ op: 'probe', name: 'copy-nt', ms: 0 })).value / 1e6;
  },
});

/** Median of the FMA probe over some milliseconds, GFLOP/s. */
export async function fmaProbe(runner: Runner): Promise<number> {
  return good(await runner.request({ op: 'probe', name: 'fma', ms: 50 })).value;
}
