import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { cpus, hostname } from 'node:os';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Runner } from './runner-client.ts';

const ceilingSchema = z.object({ value: z.number(), unit: z.string() });
const schema = z.object({
  version: z.literal(2),
  cpu: z.string(),
  host: z.string(),
  measuredAt: z.string(),
  runner: z.string(),
  /** How often the probes have run; each time the better value stays. */
  readings: z.number(),
  ceilings: z.record(z.string(), ceilingSchema),
});
/** What one pinned thread of this machine reaches, measured by the runner's probes: useful GB/s of copies and triads, GFLOP/s of FMA. */
export type Ceilings = z.infer<typeof schema>;

/** Time per probe: long enough for several passes over arrays beyond the cache. */
const PROBE_MS = 200;
/** Readings after which the kept values are believed: one may have been taken while the machine was busy. */
const READINGS = 5;

/**
 * Ceilings from `file`; measured (some two seconds) the first few times, and again on another CPU or with another build of the runner. The best
 * sample of all readings stands: nothing is faster than the machine, and whatever else ran only slowed it. An unwritable file costs a new
 * reading next time.
 */
export async function measureCeilings(
  runner: Runner,
  file: string,
  runnerPath: string,
  fresh = false,
): Promise<Ceilings | undefined> {
  const cpu = cpus()[0]?.model ?? 'unknown';
  const kept = fresh ? undefined : readCeilings(file);
  const ours = kept?.cpu === cpu && kept.host === hostname() && kept.runner === runnerPath ? kept : undefined;
  if (ours !== undefined && ours.readings >= READINGS) return ours;
  const hello = await runner.request({ op: 'hello' });
  if (!hello.ok || hello.result.probes.length === 0) return ours;
  const ceilings: Record<string, z.infer<typeof ceilingSchema>> = {};
  for (const name of hello.result.probes) {
    const answer = await runner.request({ op: 'probe', name, ms: PROBE_MS });
    const before = ours?.ceilings[name];
    if (answer.ok) {
      const value = Math.max(before?.value ?? 0, ...answer.result.samples);
      ceilings[name] = { value, unit: answer.result.unit };
    } else if (before !== undefined) ceilings[name] = before;
  }
  const measured: Ceilings = {
    version: 2,
    cpu,
    host: hostname(),
    measuredAt: new Date().toISOString(),
    runner: runnerPath,
    readings: (ours?.readings ?? 0) + 1,
    ceilings,
  };
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(measured, null, 2)}\n`);
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    return measured;
  }
  return measured;
}

function readCeilings(file: string): Ceilings | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Where a kernel stands under the roof. */
export interface RooflinePoint {
  /** Useful bytes and operations of one call over its time. */
  readonly gbPerS: number;
  readonly gflopPerS: number;
  /** Share of the ceiling that binds (0 to 1, above 1 where caches serve the bytes). */
  readonly fraction: number;
  readonly bound: 'memory' | 'compute';
  /** The probe that is the binding ceiling, and its value. */
  readonly ceiling: { readonly name: string; readonly value: number; readonly unit: string };
}

/** Places a call that moves `bytes` and does `flops` in `ns`. The memory roof is the best of the bandwidth probes. */
export function placeUnderRoof(
  ceilings: Ceilings,
  call: { readonly bytes: number; readonly flops: number; readonly ns: number },
): RooflinePoint | undefined {
  const best = (unit: string): { readonly name: string; readonly value: number; readonly unit: string } | undefined =>
    Object.entries(ceilings.ceilings)
      .filter(([, c]) => c.unit === unit)
      .map(([name, c]) => ({ name, value: c.value, unit: c.unit }))
      .toSorted((a, b) => b.value - a.value)[0];
  const memory = best('GB/s');
  const compute = best('GFLOP/s');
  if (memory === undefined) return undefined;
  const memoryNs = call.bytes / memory.value;
  const computeNs = compute === undefined ? 0 : call.flops / compute.value;
  const bound = memoryNs >= computeNs ? 'memory' : 'compute';
  return {
    gbPerS: call.bytes / call.ns,
    gflopPerS: call.flops / call.ns,
    fraction: Math.max(memoryNs, computeNs) / call.ns,
    bound,
    ceiling: bound === 'memory' ? memory : (compute ?? memory),
  };
}
