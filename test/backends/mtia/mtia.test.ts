import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { must } from '../../../src/assert.ts';
import type { Arch } from '../../../src/backends/backend.ts';
import { mtia } from '../../../src/backends/mtia/mtia.ts';
import type { Config } from '../../../src/codegen/space/space.ts';
import type { Emitted } from '../../../src/codegen/program.ts';
import { graphOf } from '../../conformance/backend.suite.ts';

const arch = (name: string): Arch =>
  must(
    mtia.archs.find((a) => a.name === name),
    name,
  );
function emitted(op: string, type: string | undefined, config: Config = {}): Emitted {
  const made = mtia.emit(graphOf(op, type), arch('2i'), config, { dims: {} }, op);
  if (!made.ok) throw new Error(JSON.stringify(made.reasons));
  return made.emitted;
}
let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'ktune-mtia-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

/** Instructions that the compiler makes of a kernel. */
async function instructions(e: Emitted): Promise<string> {
  const built = await mtia.compile(arch('2i'), [e], dir);
  if (!built.ok) throw new Error(built.log);
  return (await execa('clang++-19', [...built.compiled.flags, '-S', '-x', 'c++', '-', '-o', '-'], { input: e.text }))
    .stdout;
}

test.each([
  ['rmsnorm', 'bf16', {}],
  ['softmax', undefined, {}],
  ['sigrid_hash', undefined, {}],
  ['pooled_embedding', 'f16', {}],
  ['cumsum', undefined, {}],
  ['matmul', 'bf16', { k_split: 2 }],
] as const)('%s reads as it stands', async (op, type, config) => {
  await expect(emitted(op, type, config).text).toMatchFileSnapshot(`../../golden/${op}/mtia-2i.cpp`);
});

/** The instructions of the compute core in the object that runs. */
async function computeCore(e: Emitted): Promise<string> {
  const built = await mtia.compile(arch('2i'), [e], dir);
  if (!built.ok) throw new Error(built.log);
  const { stdout } = await execa('llvm-objdump-19', ['-d', '--mattr=+v', '--no-show-raw-insn', built.compiled.path]);
  return must(/<\S*core_b\S*>:\n[^]*?\n\n/.exec(stdout), 'a compute core')[0];
}
test.each([
  ['pointwise', 'adamw', undefined, /vfmadd|vfmacc|vfmul/],
  ['reduction', 'column_sum', 'f32', /vfadd/],
  ['row', 'rmsnorm', 'bf16', /vfredusum|vfmacc|vfadd/],
  ['segment', 'pooled_embedding', 'f16', /vadd|vfadd/],
  ['scan', 'cumsum', undefined, /vslide|vfadd/],
  ['hash', 'sigrid_hash', undefined, /vmul\.v/],
  ['gemm', 'matmul', 'bf16', /vfmacc|vfmadd/],
] as const)('the compute core of a %s kernel (%s) runs in vector instructions', async (_, op, type, arithmetic) => {
  const listing = await computeCore(emitted(op, type));
  expect(listing).toMatch(/\bvset(i)?vli\b/);
  expect(listing).toMatch(/\bvs(e\d+|\dr)\.v\b/);
  expect(listing).toMatch(arithmetic);
});

test('bf16 is computed in vectors of 64 bytes, widened by integer instructions', async () => {
  const listing = await instructions(emitted('rmsnorm', 'bf16'));
  expect(listing).toMatch(/\bvle32\.v\b|\bvl\dre32\.v\b/);
  expect(listing).toMatch(/\bvsll\.v/);
  expect(listing).toMatch(/\bvfm(acc|add)\.v/);
  // Vector instructions on halves would not run in the emulator.
  expect(listing).not.toMatch(/bf16\.f\.f|zvfh/);
});

test('hashing multiplies integers in vectors', async () => {
  expect(await instructions(emitted('sigrid_hash', undefined))).toMatch(/\bvmul\.v/);
});

test('one element at a time is another config', () => {
  expect(emitted('rmsnorm', 'bf16', { vector: 0 }).text).not.toContain('vector_size');
});

test('a call runs every processing element of the grid, in both directions', () => {
  expect(emitted('rmsnorm', 'f32').text).toMatch(/kt_shares}, 64, backwards\)|__shares}, 64, backwards\)/);
  expect(emitted('rmsnorm', 'f32', { grid: '1x8' }).text).toMatch(/__shares}, 8, backwards\)/);
});

test('one core moves data, the other computes on circular buffers', () => {
  const text = emitted('rmsnorm', 'bf16').text;
  const [move, compute] = [
    must(/static void core_a\(.*?\n}/s.exec(text), 'core a')[0],
    must(/static void core_b\(.*?\n}/s.exec(text), 'core b')[0],
  ];
  expect(move).toMatch(/dma_in\(CB_X/);
  expect(move).toMatch(/dma_out\(.*CB_Y/);
  expect(move).not.toMatch(/x16/);
  expect(compute).toMatch(/cb_wait_front\(CB_X\)/);
  expect(compute).not.toMatch(/dma_/);
});

test('figures say whether they are published, derived or assumed', () => {
  for (const a of mtia.archs)
    for (const [name, f] of Object.entries(a.figures))
      expect(f.origin, `${a.name} ${name}`).toMatch(/^(published|derived|assumed): /);
});

test.each(['400', '450', '500'])('MTIA %s has a roofline and no kernels', async (name) => {
  const made = mtia.emit(graphOf('softmax'), arch(name), {}, { dims: {} }, 'softmax');
  expect(made).toMatchObject({ ok: false, reasons: [{ code: 'not-public' }] });
  const { emit } = (await mtia.readiness(arch(name))).levels;
  expect(emit).toMatchObject({ ok: false, detail: expect.stringContaining('is not public') as string });
});

test.each([
  ['KTUNE_RISCV_CLANG', 'clang-19'],
  ['KTUNE_QEMU_RISCV', 'qemu-user'],
  ['KTUNE_RISCV_SYSROOT', 'g++-riscv64-linux-gnu'],
])('a missing tool is named, with what to install: %s', async (variable, install) => {
  vi.stubEnv(variable, '/nowhere');
  const { execute } = (await mtia.readiness(arch('2i'))).levels;
  expect(execute.ok).toBe(false);
  expect(execute.detail).toContain('/nowhere');
  expect(execute.fix).toContain(install);
  expect(await mtia.compile(arch('2i'), [emitted('softmax', undefined)], dir)).toMatchObject({
    ok: false,
    kind: 'missing',
    log: expect.stringContaining(install) as string,
  });
});

test('the commands of the page name operators, chips and options that are there', async () => {
  const page = readFileSync(new URL('../../../docs/mtia.md', import.meta.url), 'utf8');
  const commands = [...page.matchAll(/^\$ ktune (.*)$/gm)].map((m) => must(m[1], 'a command').split(' '));
  expect(commands.length).toBeGreaterThan(1);
  const root = new URL('../../../', import.meta.url).pathname;
  for (const args of commands) {
    const few = args[0] === 'verify' ? ['--cases', '1', '--configs', '0'] : [];
    const cut = args.indexOf('--cases');
    const own = few.length === 0 || cut < 0 ? args : args.filter((_, k) => k !== cut && k !== cut + 1);
    const ran = await execa('node', ['src/cli/main.ts', ...own, ...few], { cwd: root, reject: false, all: true });
    expect(ran.exitCode, ran.all).toBe(0);
  }
}, 60_000);
