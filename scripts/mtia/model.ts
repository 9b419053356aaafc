import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { must } from '../../src/assert.ts';
import { mtiaArch } from '../../src/backends/mtia/arch.ts';
import { emitted, mtia } from '../../src/backends/mtia/mtia.ts';
import { FLAGS, figuresOf } from '../../src/backends/mtia/toolchain.ts';
import type { Config } from '../../src/codegen/space/space.ts';
import { LIBRARY } from '../../src/cli/library.ts';
import { silentIo } from '../../src/cli/context.ts';
import { loadRight } from '../../src/cli/load.ts';
import { choose } from '../../src/cli/subject.ts';

const io = silentIo(LIBRARY);
/** What the model says of one call. */
export interface Modelled {
  readonly cycles: number;
  readonly us: number;
  readonly bound: string;
  /** Share of its time that the dot-product engine works, on average over the PEs. */
  readonly dot: number;
  readonly bytes: number;
}
/** Microseconds before a kernel runs: published as less than one for 2i, assumed for 300. */
const LAUNCH = 1;

/**
 * The modelled time of an operator at a shape: its emitted text runs in the emulator without moving or multiplying data (KT_TIME_ONLY), and the runtime
 * counts cycles, in both orders of the PEs, which must agree. Kernels whose windows hang on data cannot run so.
 */
export async function model(
  dir: string,
  archName: string,
  file: string,
  op: string,
  types: readonly string[],
  shape: readonly string[],
  config: Config,
  /** Arrays in DRAM; the others lie in shared memory. */
  dram: RegExp,
): Promise<Modelled> {
  const arch = must(
    mtia.archs.find((a) => a.name === archName),
    archName,
  );
  const chosen = choose(loadRight(io, file), { op, type: [...types], shape: [...shape] });
  const made = emitted(chosen.graph, arch, config, 'modelled', undefined, true);
  if (!made.ok) throw new Error(made.reasons.map((r) => r.message).join('; '));
  const { text, abi } = made.emitted;
  const args = abi.params.map((p, k) => {
    // Nothing is read or written there.
    if (p.kind === 'buffer' || p.kind === 'workspace') return `(void*)${k + 1}00000000000ll`;
    if (p.kind === 'dim') return `new long long(${must(chosen.sizes[p.name], p.name)})`;
    return 'new long long(1)';
  });
  const main = `#include <stdio.h>
int main() {
  void* args[] = {${args.join(', ')}};
  for (int turn = 0; turn < 2; ++turn) {
    modelled_call(args, 0, 1);
    const mtia::Model m = kt_model();
    printf("%lld %lld", m.cycles, m.dot);
    for (long long b : m.bytes) printf(" %lld", b);
    puts("");
  }
}
`;
  const source = join(dir, 'model.cpp');
  writeFileSync(source, `${text}\n${main}`);
  const program = join(dir, 'model');
  const flags = FLAGS.filter((f) => f !== '-fPIC');
  await execa('clang++-19', [...flags, ...figuresOf(arch), '-DKT_TIME_ONLY', source, '-o', program, '-static']);
  const runner = mtia.runner(arch);
  if (runner.kind !== 'cross') throw new Error('kernels run in an emulator');
  const [command, ...before] = runner.launcher;
  const { stdout } = await execa(command, [...before, program]);
  const [forth, back] = stdout.split('\n');
  if (forth === undefined || forth !== back) throw new Error(`the order of PEs shows: ${stdout}`);
  const [cycles = 0, dot = 0, ...bytes] = forth.split(' ').map(Number);
  const cbs = must(/enum : unsigned \{ (.*?) \}/.exec(text)?.[1], 'circular buffers').split(', ');
  const figure = (name: string): number => must(mtiaArch(arch).figures[name], name).value;
  const of = (inDram: boolean): number =>
    cbs.reduce((n, cb, k) => n + (dram.test(cb) === inDram ? (bytes[k] ?? 0) : 0), 0);
  const limits = [
    ['PEs', cycles],
    ['shared memory', of(false) / figure('sramPerCycle')],
    ['DRAM', of(true) / figure('dramPerCycle')],
  ] as const;
  const [bound, most] = limits.reduce((a, b) => (b[1] > a[1] ? b : a));
  const pes = figure('rows') * figure('columns');
  return {
    cycles: Math.round(most),
    us: most / (figure('clock') * 1000) + LAUNCH,
    bound,
    dot: dot / most / pes,
    bytes: of(true) + of(false),
  };
}
