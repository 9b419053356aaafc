import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../src/assert.ts';
import type { Runner } from '../src/measure/runner-client.ts';
import { median, ratio } from '../src/measure/statistics.ts';
import type { Interval } from '../src/measure/statistics.ts';
import { seeded } from '../src/codegen/space/random.ts';
import type { Peer } from './peers/peer.ts';

/** Something that can be timed once per round. */
export interface Contestant {
  readonly name: string;
  /** Milliseconds of one call. */
  sample(): Promise<number>;
}
export interface Standing {
  readonly name: string;
  readonly medianMs: number;
  readonly gbPerS: number;
  readonly samples: readonly number[];
}

/** `rounds` rounds, each contestant once a round in an order that rotates, so that drift of the machine hits all alike. */
export async function contest(all: readonly Contestant[], rounds: number, bytes: number): Promise<readonly Standing[]> {
  const samples = all.map((): number[] => []);
  for (const c of all) await c.sample();
  for (let r = 0; r < rounds; r++) {
    for (let k = 0; k < all.length; k++) {
      const i = (k + r) % all.length;
      samples[i]?.push(await must(all[i], 'contestant').sample());
    }
  }
  return all.map((c, i) => {
    const own = must(samples[i], 'samples');
    return { name: c.name, medianMs: median(own), gbPerS: bytes / median(own) / 1e6, samples: own };
  });
}

/** How many times faster `a` is than `b`, paired by round. */
export const faster = (a: Standing, b: Standing): Interval => ratio(b.samples, a.samples, seeded('bench'));

export const peerContestants = (peer: Peer, forms: readonly string[], suffix: string): readonly Contestant[] =>
  forms.map((form) => ({
    name: `torch ${form}${suffix}`,
    sample: async () => Number((await peer.request({ op: 'time', form }))['ns']) / 1e6,
  }));

/** One copy past the caches of 64 MiB to 64 MiB, scaled to `bytes`: what the memory allows at that moment. */
export const copyContestant = (runner: Runner, bytes: number): Contestant => ({
  name: 'copy past the caches (roof)',
  async sample() {
    const a = await runner.request({ op: 'probe', name: 'copy-nt', ms: 0 });
    if (!a.ok) throw new Error(JSON.stringify(a.fault));
    return bytes / a.result.value / 1e6;
  },
});

/** Median of the FMA probe over some milliseconds, GFLOP/s. */
export async function fmaProbe(runner: Runner): Promise<number> {
  const a = await runner.request({ op: 'probe', name: 'fma', ms: 50 });
  return a.ok ? a.result.value : Number.NaN;
}

export const round = (x: number, digits = 2): string => x.toFixed(digits);
export const interval = (i: Interval): string => `${round(i.value)}× (${round(i.low)}–${round(i.high)})`;

/** Writes `<name>.md` and `<name>.json` to bench/results. */
export function writeResults(name: string, markdown: string, data: unknown): void {
  const dir = join(import.meta.dirname, 'results');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, `${name}.md`), markdown);
  writeFileSync(join(dir, `${name}.json`), `${JSON.stringify(data, null, 1)}\n`);
}
