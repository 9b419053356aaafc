import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIBRARY } from '../src/cli/library.ts';
import type { Config } from '../src/codegen/space/space.ts';
import { model } from './mtia/model.ts';

/** Modelled times of MTIA: a product of 512 cubed by split, broadcast and slots, and the published anchors beside what the model says. */
const dir = mkdtempSync(join(tmpdir(), 'ktune-mtia-model-'));
const matmul = join(LIBRARY, 'matmul.ktune');
const row = (...cells: readonly string[]): void => void process.stdout.write(`| ${cells.join(' | ')} |\n`);
const cube = (n: number): readonly string[] => [`M=${n}`, `N=${n}`, `K=${n}`];
const none = /^$/;

row('512³ bf16 on mtia:2i', 'modelled cycles', 'modelled µs', 'bound', 'dot-product engine', 'MB read and written');
row('---', '---', '---', '---', '---', '---');
const configs: readonly (readonly [string, Config])[] = [
  ['default: k_split 1, broadcast, 2 slots', {}],
  ['no broadcast', { broadcast: false }],
  ['1 slot', { depth_in: 1, depth_out: 1 }],
  ['k_split 2', { k_split: 2 }],
  ['k_split 4', { k_split: 4 }],
  ['k_split 8', { k_split: 8 }],
  ['tiles of 32 × 32', { tile_m: 32, tile_n: 32 }],
];
for (const [name, config] of configs) {
  const m = await model(dir, '2i', matmul, 'matmul', ['T=bf16'], cube(512), config, none);
  row(name, String(m.cycles), m.us.toFixed(2), m.bound, `${(m.dot * 100).toFixed(0)} %`, (m.bytes / 1e6).toFixed(1));
}

process.stdout.write('\n');
row('anchor', 'published', 'modelled', 'deviation');
row('---', '---', '---', '---');
const anchor = (name: string, published: number, modelled: number, unit: string): void =>
  row(
    name,
    `${published} ${unit}`,
    `${modelled.toPrecision(3)} ${unit}`,
    `${((modelled / published - 1) * 100).toFixed(0)} %`,
  );
const add = join(dir, 'add.ktune');
writeFileSync(add, 'op add<T in {bf16, f32}>(a: T[N], b: T[N]) -> (y: T[N]) {\n  y[n] = (a[n] + b[n]) as T;\n}\n');
const flops = (n: number): number => 2 * n ** 3;
const fp16 = await model(dir, '2i', matmul, 'matmul', ['T=f16'], cube(2048), {}, none);
anchor('2i: 2048³ f16, share of 177 TFLOP/s', 92, (flops(2048) / fp16.us / 1e6 / 177) * 100, '%');
const wide = await model(dir, '2i', matmul, 'matmul', ['T=f16'], ['M=512', 'K=2048', 'N=26592'], {}, /^CB_B_/);
anchor('2i: 512 × 26592 × 2048, share of 204.8 GB/s', 95, ((26592 * 2048 * 2) / wide.us / 1e3 / 204.8) * 100, '%');
const int8 = await model(dir, '2i', matmul, 'matmul_int8', [], cube(2048), {}, none);
anchor('2i: 2048³ i8 beside f16', 1.6, fp16.us / int8.us, '×');
const sums = await model(dir, '300', add, 'add', ['T=bf16'], [`N=${1 << 26}`], {}, /./);
anchor('300: large bf16 addition', 5.57, (3 * 2 * (1 << 26)) / sums.us / 1e6, 'TB/s');
const large = await model(dir, '300', matmul, 'matmul', ['T=bf16'], ['M=3072', 'N=3072', 'K=4096'], {}, none);
anchor(
  '300: favourable product, share of 560 TFLOP/s',
  90,
  ((2 * 3072 * 3072 * 4096) / large.us / 1e6 / 560) * 100,
  '%',
);
rmSync(dir, { recursive: true, force: true });
