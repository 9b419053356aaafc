import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend } from '../../src/backends/backend.ts';
import type { StageGraph } from '../../src/codegen/ir/stage.ts';
import type { Abi } from '../../src/codegen/program.ts';
import { configId } from '../../src/codegen/space/config.ts';
import { seeded } from '../../src/codegen/space/random.ts';
import type { Config, Space } from '../../src/codegen/space/space.ts';
import type { Answer, Fault, Op, Request } from '../../src/measure/protocol.ts';
import type { RequestOf, Runner } from '../../src/measure/runner-client.ts';
import { openStore } from '../../src/store/records.ts';
import type { Store } from '../../src/store/records.ts';
import type { Subject } from '../../src/tuner/subject.ts';
import { tune } from '../../src/tuner/tune.ts';
import type { TuneOptions, TuneResult } from '../../src/tuner/tune.ts';
import { greedy } from '../../src/tuner/strategies/greedy.ts';

/** How a config of a simulated machine behaves. */
export type Behaviour =
  | 'fine'
  | 'compile'
  /** The compiler does not end. */
  | 'compile-hang'
  | 'crash'
  /** Endless loop: over at its limit. */
  | 'hang'
  | 'exits'
  /** The process is killed from outside. */
  | 'killed'
  /** The answer does not come through in time. */
  | 'slow-stdout'
  | 'wrong'
  | 'unsteady'
  /** Writes into the canary beyond an array. */
  | 'overrun'
  /** Its time is no number. */
  | 'nan'
  /** In order when checked, and a crash when timed. */
  | 'late-crash'
  /** Breaks the device: nothing runs any more until the process is replaced. */
  | 'sticky'
  | 'needs-company';

/** A simulated machine: a space whose configs have known times and faults, a clock that only work advances. */
export interface World {
  readonly space: Space;
  readonly ns: (config: Config) => number;
  readonly behaviour: (config: Config) => Behaviour;
  /** Relative noise of a sample; 0 unless given. */
  readonly noise?: number;
  /** Parameters that do not show in the emitted code. */
  readonly silent?: readonly string[];
  readonly compiler?: 'missing' | 'no-room';
  readonly runner?: 'absent';
}
export interface Log {
  /** Configs that were compiled, in order, by id; one more time for each run of the tune that compiled them. */
  readonly compiled: string[];
  /** Configs that were run at least once. */
  readonly run: Set<string>;
  clockMs: number;
  restarts: number;
  unitsCompiled: number;
}
export const newLog = (): Log => ({ compiled: [], run: new Set(), clockMs: 0, restarts: 0, unitsCompiled: 0 });

const abi = (entry: string): Abi => ({
  entry,
  params: [{ kind: 'buffer', name: 'y', role: 'out', dtype: 'f32', shape: [{ kind: 'int', type: 'i64', value: 4n }] }],
  target: 'sim:one',
  phases: 1,
  deterministic: true,
});
const COMPILE_MS = 30;

function backend(world: World, log: Log, byEntry: Map<string, Config>): Backend {
  return {
    name: 'sim',
    archs: [{ name: 'one', figures: {} }],
    extension: 'txt',
    runner: () => ({ kind: 'native' }),
    space: () => world.space,
    emit(_graph, _arch, config, _hint, entry) {
      byEntry.set(entry, config);
      const visible = Object.entries(config).filter(([name]) => world.silent?.includes(name) !== true);
      const body = `// ${JSON.stringify(config)}\nvoid ${entry}() { ${JSON.stringify(visible)} }`;
      const zero = { kind: 'int', type: 'i64', value: 0n } as const;
      return {
        ok: true,
        emitted: {
          entry,
          text: body,
          helpers: [],
          body,
          abi: abi(entry),
          patterns: [],
          guards: [],
          cost: { bytes: { ...zero, value: 32n }, flops: zero },
        },
      };
    },
    readiness: () =>
      Promise.resolve({
        levels: {
          emit: { ok: true, detail: '' },
          compile: { ok: true, detail: '' },
          execute: { ok: true, detail: '' },
          time: { ok: true, detail: '' },
        },
      }),
    compile(_arch, variants) {
      log.unitsCompiled++;
      log.clockMs += (COMPILE_MS * variants.length) / 2;
      if (world.compiler === 'missing') return Promise.resolve({ ok: false, kind: 'missing', log: 'no compiler' });
      if (world.compiler === 'no-room') return Promise.reject(new Error('ENOSPC: no space left on device, write'));
      const behaviours = variants.map((v) => world.behaviour(byEntry.get(v.entry) ?? {}));
      if (behaviours.includes('compile-hang')) {
        log.clockMs += 10 * COMPILE_MS;
        return Promise.resolve({ ok: false, kind: 'timeout', log: 'the compiler did not end' });
      }
      const bad = variants.find((v) => world.behaviour(byEntry.get(v.entry) ?? {}) === 'compile');
      if (bad !== undefined) return Promise.resolve({ ok: false, kind: 'error', log: `error in ${bad.entry}` });
      log.compiled.push(...variants.map((v) => configId(world.space, byEntry.get(v.entry) ?? {})));
      const path = `/sim/${log.unitsCompiled}.so`;
      return Promise.resolve({
        ok: true,
        compiled: { path, entries: variants.map((v) => `${v.entry}_call`), ms: 1, flags: [], compiler: 'sim' },
      });
    },
  };
}

function simulatedRunner(world: World, log: Log, byEntry: Map<string, Config>): Runner {
  const rng = seeded('noise');
  let output = '';
  let runs = 0;
  let closed = false;
  let poisoned = false;
  const fault = (f: Fault): { readonly ok: false; readonly fault: Fault } => {
    if (f.kind !== 'timeout') log.restarts++;
    return { ok: false, fault: f };
  };
  const call = (
    entry: string,
    limitMs: number,
    timed: boolean,
  ): { readonly ok: true; readonly ns: number } | { readonly ok: false; readonly fault: Fault } => {
    const config = byEntry.get(entry.replace(/_call$/, '')) ?? {};
    if (poisoned) return { ok: false, fault: { kind: 'kernel', message: 'the device is in an error state' } };
    log.run.add(configId(world.space, config));
    runs++;
    const behaviour = world.behaviour(config);
    output =
      behaviour === 'wrong' || (behaviour === 'needs-company' && runs < 3)
        ? `wrong ${entry}`
        : behaviour === 'unsteady'
          ? `right ${runs}`
          : 'right';
    if (behaviour === 'crash')
      return fault({ kind: 'crash', signal: 'SIGSEGV', address: '0', buffer: 'y', offset: 16, where: 'after' });
    if (behaviour === 'late-crash' && timed)
      return fault({ kind: 'crash', signal: 'SIGFPE', address: '0', where: 'elsewhere' });
    if (behaviour === 'sticky') {
      poisoned = true;
      return { ok: false, fault: { kind: 'kernel', message: 'illegal memory access' } };
    }
    if (behaviour === 'overrun')
      return { ok: false, fault: { kind: 'guard', buffer: 'y', offset: 20, where: 'after' } };
    if (behaviour === 'killed') return fault({ kind: 'died', detail: 'killed by SIGKILL', started: true });
    if (behaviour === 'slow-stdout') {
      log.clockMs += 5 * limitMs;
      return fault({ kind: 'timeout', ms: 5 * limitMs });
    }
    if (behaviour === 'nan' && timed)
      return { ok: false, fault: { kind: 'refused', message: 'malformed result of time: {"samples":[null]}' } };
    if (behaviour === 'exits') return fault({ kind: 'died', detail: 'exit code 3', started: true });
    if (behaviour === 'hang') {
      log.clockMs += limitMs;
      return fault({ kind: 'timeout', ms: limitMs });
    }
    const ns = world.ns(config) * (1 + (world.noise ?? 0) * (rng() + rng() - 1));
    log.clockMs += ns / 1e6;
    return { ok: true, ns };
  };
  const serve = (r: Request): unknown => {
    if (world.runner === 'absent' || closed)
      return { ok: false, fault: { kind: 'died', detail: 'no such program', started: false } };
    switch (r.op) {
      case 'run': {
        const ran = call(r.call.entry, r.limitMs, false);
        return ran.ok ? { ok: true, result: { ns: ran.ns } } : ran;
      }
      case 'time': {
        const samples: number[] = [];
        for (const i of r.order) {
          const ran = call(r.calls[i]?.entry ?? '', r.limitMs, true);
          if (!ran.ok) return ran;
          samples.push(ran.ns);
          if (ran.ns > (r.stopNs ?? Infinity))
            return {
              ok: true,
              result: { samples, preempted: samples.map(() => false), calls: samples.map(() => 1), stopped: true },
            };
        }
        return {
          ok: true,
          result: { samples, preempted: samples.map(() => false), calls: samples.map(() => 1), stopped: false },
        };
      }
      case 'hash':
        return { ok: true, result: { hashes: [output] } };
      case 'gather':
        return { ok: true, result: { data: Buffer.from(output).toString('hex') } };
      case 'probe':
        return { ok: false, fault: { kind: 'refused', message: 'no probe' } };
      case 'hello':
        return {
          ok: true,
          result: { version: 1, pid: 0, cpu: 0, pageBytes: 4096, hugePages: false, simd: '', probes: [] },
        };
      default:
        return { ok: true, result: { held: true, waitedMs: 0, address: '0' } };
    }
  };
  return {
    request: <O extends Op>(r: RequestOf<O>) => Promise.resolve(serve(r) as Answer<O>),
    renew() {
      poisoned = false;
      log.restarts++;
      return Promise.resolve();
    },
    restarts: () => log.restarts,
    close() {
      closed = true;
      return Promise.resolve();
    },
  };
}

const GRAPH: StageGraph = {
  name: 'sim',
  span: { file: '', start: 0, end: 0 },
  dims: [],
  scalars: [],
  buffers: [],
  facts: [],
  stages: [],
};

/** A tune of a simulated machine; everything may be overridden. */
export async function simulate(
  world: World,
  options: Partial<TuneOptions> & { readonly log?: Log } = {},
): Promise<{ readonly result: TuneResult; readonly log: Log; readonly store: Store }> {
  const log = options.log ?? newLog();
  const byEntry = new Map<string, Config>();
  const dir = mkdtempSync(join(tmpdir(), 'ktune-sim-'));
  const store = options.store ?? openStore(join(dir, 'records.db'));
  const subject: Subject = {
    op: 'sim',
    graphHash: 'g',
    graph: GRAPH,
    backend: backend(world, log, byEntry),
    arch: { name: 'one', figures: {} },
    hint: { dims: { N: 4 } },
    inputs: { dims: {}, scalars: {}, arrays: {} },
    async verify({ outputs }) {
      const text = Buffer.from(await outputs.read('y', [[0, 16]])).toString();
      return { ok: text.startsWith('right'), detail: text };
    },
  };
  const result = await tune({
    subject,
    strategy: greedy,
    seed: '1',
    budget: { seconds: 1e6, evals: 200 },
    store,
    startRunner: () => simulatedRunner(world, log, byEntry),
    outDir: dir,
    scratch: dir,
    machine: 'sim',
    fresh: false,
    signal: new AbortController().signal,
    perUnit: 4,
    clock: () => log.clockMs,
    ...options,
  });
  return { result, log, store };
}
