import { must } from '../../assert.ts';
import * as t from '../../codegen/ir/tile-build.ts';
import { mentioned, mentionedIn } from '../../codegen/ir/tile-walk.ts';
import type { TileArray, TileKernel, TileProgram, Val } from '../../codegen/ir/tile.ts';
import { PREC } from '../../codegen/render/dialect.ts';
import { printer, statements } from '../../codegen/render/printer.ts';
import { cppDialect } from '../clike/dialect.ts';
import type { Collector } from '../clike/prelude/collector.ts';
import { storageType } from '../clike/prelude/types.ts';
import type { Parameter } from '../clike/signature.ts';
import { counting } from './count.ts';
import type { EmitOptions } from './emit.ts';
import type { KernelModel } from './kernel.ts';
import { batchName, bytesOf, storedPlain, TILE, tileShape } from './product.ts';
import type { Block, Matrix, Product, TileArrays } from './product.ts';
import { SLACK } from './table.ts';

/** How the PEs of a sub-grid share a product. */
export interface GemmConfig {
  readonly block: Block;
  readonly grid: readonly [rows: number, cols: number];
  /** PEs of a row that share the reduced axis of one tile. */
  readonly kSplit: number;
  /** Blocks that several PEs want are read once. */
  readonly broadcast: boolean;
  readonly depthIn: number;
  readonly depthOut: number;
}
/** A product and the lowered tile that follows its sums. */
export interface Gemm {
  readonly product: Product;
  readonly config: GemmConfig;
  readonly arrays: TileArrays;
}

interface Cb {
  readonly name: string;
  readonly bytes: number;
  readonly depth: number;
}
/** The circular buffers of a product. */
function buffersOf({ product: p, config: { block, depthIn, depthOut } }: Gemm): readonly Cb[] {
  const tile = (x: Matrix): number => {
    const [m, n] = tileShape(x, p, block);
    return m * n * bytesOf(x);
  };
  return [
    { name: cbOf(p.left, 'A'), bytes: block.m * block.k * bytesOf(p.left), depth: depthIn },
    { name: cbOf(p.right, 'B'), bytes: block.k * block.n * bytesOf(p.right), depth: depthIn },
    ...(storedPlain(p) === undefined ? [{ name: 'CB_SUMS', bytes: block.m * block.n * 4, depth: 1 }] : []),
    ...p.ins.map((x) => ({ name: cbOf(x, 'IN'), bytes: tile(x), depth: depthOut })),
    ...p.outs.map((x) => ({ name: cbOf(x, 'OUT'), bytes: tile(x), depth: depthOut })),
  ];
}
const cbOf = (x: Matrix, role: 'A' | 'B' | 'IN' | 'OUT'): string =>
  `CB_${role}_${x.buf.replace(/\W/g, '_').toUpperCase()}`;
/** Bytes of local memory that the circular buffers of a product take. */
export const gemmBytes = (product: Product, config: GemmConfig): number =>
  buffersOf({ product, config, arrays: new Map() }).reduce((n, b) => n + (b.bytes + SLACK) * b.depth, 0);

/** The text of a product: blocks are broadcast along rows and columns of the grid, sums pass from PE to PE along a row. */
export function gemmModel(
  prog: TileProgram,
  k: TileKernel,
  g: Gemm,
  params: readonly Parameter[],
  c: Collector,
  options: EmitOptions,
): KernelModel {
  const { product: p, config } = g;
  const { block, grid, kSplit } = config;
  const arrays = new Map(prog.arrays.map((a) => [a.id, a]));
  const d = cppDialect(c);
  const pr = printer(d, arrays);
  const arrayOf = (x: Matrix): TileArray =>
    must(
      prog.arrays.find((a) => a.source === x.buf && (a.scope === 'param' || a.scope === 'workspace')),
      x.buf,
    );
  const place = new Map<string, Val>([
    [p.rows.id, t.name(TILE.row)],
    [p.cols.id, t.name(TILE.col)],
    [p.over.id, t.name('kt_k0')],
    ...p.batch.map((a) => [a.id, t.name(batchName(a))] as const),
  ]);
  const extents = (x: Matrix): readonly Val[] => must(arrayOf(x).extents, 'extents');
  const extentOf = (id: string): Val => {
    const x = must(
      [p.left, p.right, ...p.outs].find((m) => m.axes.includes(id)),
      'a matrix with the axis',
    );
    return must(extents(x)[x.axes.indexOf(id)], 'extent');
  };
  const at = (x: Matrix): Val =>
    t.flatIndex(
      x.axes.map((id) => must(place.get(id), id)),
      extents(x),
    );
  const stride = (x: Matrix, id: string): Val => t.product(extents(x).slice(x.axes.indexOf(id) + 1));
  const pointer = (x: Matrix): string => {
    const index = pr.val(at(x), PREC.sum);
    return `kt_a.${arrayOf(x).id}${index === '0' ? '' : ` + ${index}`}`;
  };
  const times = (v: string, n: number): string => (n === 1 ? v : `${v} * ${n}`);
  const bytes = (v: Val, n: number): string => pr.val(t.mul(v, t.int(n)));
  const count = new Map([
    [p.rows.id, TILE.rows as string],
    [p.cols.id, TILE.cols as string],
    [p.over.id, 'kt_kr'],
  ]);
  const full = new Map([
    [p.rows.id, block.m],
    [p.cols.id, block.n],
    [p.over.id, block.k],
  ]);
  /** The block of a matrix of which the last of two axes walks consecutive elements. */
  const load = (x: Matrix, cb: string, ids: readonly [string, string], group: string): string => {
    const es = bytesOf(x);
    const last = must(x.axes.at(-1), 'axis');
    const first = must(
      ids.find((id) => id !== last),
      'axis',
    );
    const slot = `${must(full.get(first), 'rows')}, ${must(full.get(last), 'columns') * es}`;
    return `dma_in_block(${cb}, ${pointer(x)}, ${must(count.get(first), 'rows')}, ${times(must(count.get(last), 'columns'), es)}, ${bytes(stride(x, first), es)}, ${slot}, ${group});`;
  };
  const [rows, cols, over] = [p.rows.id, p.cols.id, p.over.id];
  const groups =
    kSplit === grid[1] || !config.broadcast ? 'alone_' : `{(unsigned)(kt_r * ${kSplit} + kt_ks), ${grid[1] / kSplit}}`;
  const groupB = grid[0] === 1 || !config.broadcast ? 'alone_' : `{(unsigned)(${grid[0] * kSplit} + kt_c), ${grid[0]}}`;
  const tileIn = (x: Matrix): string => {
    const es = bytesOf(x);
    const both = x.axes.includes(rows) && x.axes.includes(cols);
    const [m, n] = tileShape(x, p, block);
    const width = x.axes.includes(cols) ? TILE.cols : x.axes.includes(rows) ? TILE.rows : '1';
    return `dma_in_block(${cbOf(x, 'IN')}, ${pointer(x)}, ${both ? TILE.rows : '1'}, ${times(width, es)}, ${both ? bytes(stride(x, rows), es) : '0'}, ${m}, ${n * es}, alone_);`;
  };
  const store = (x: Matrix): string =>
    `dma_out_block(kt_to_${arrayOf(x).id}, ${cbOf(x, 'OUT')}, kt_rows, ${times('kt_cols', bytesOf(x))}, ${bytes(stride(x, rows), bytesOf(x))}, ${block.n * bytesOf(x)});`;
  const T = (x: Matrix): string => storageType(c, arrayOf(x).dtype);
  const acc = storageType(c, p.acc);

  const vals = [
    ...[p.left, p.right, ...p.ins, ...p.outs].flatMap((x) => [at(x), ...extents(x)]),
    ...[rows, cols, over].map(extentOf),
    ...p.batch.map((a) => extentOf(a.id)),
  ];
  const inTile = new Set(g.arrays.values());
  const names = new Set([...mentionedIn(vals), ...[...mentioned(k.body)].filter((id) => !inTile.has(id))]);
  const matrices = new Set([p.left, p.right, ...p.ins, ...p.outs].map((x) => arrayOf(x).id));
  const own = params.filter((x) => names.has(x.id) || matrices.has(x.id));
  const head = [
    ...own
      .filter((x) => !matrices.has(x.id))
      .map((x) => `  ${x.text.includes('*') ? '' : 'const '}${x.text.replace(' __restrict', '')} = kt_a.${x.id};`),
    `  const i64 kt_r = pe() / ${grid[1]}, kt_c = pe() % ${grid[1]}, kt_ng = kt_c / ${kSplit}, kt_ks = kt_c % ${kSplit};`,
    `  // Blocks of the reduced axis for each of ${kSplit} PE${kSplit === 1 ? '' : 's of a row'}.`,
    `  const i64 kt_blocks = ((${pr.val(extentOf(over))} + ${block.k - 1}) / ${block.k} + ${kSplit - 1}) / ${kSplit};`,
  ];
  const nested = (body: readonly string[]): readonly string[] => {
    const heads = [
      ...p.batch.map(
        (a) =>
          `for (i64 ${batchName(a)} = 0; ${batchName(a)} < ${pr.val(extentOf(a.id), PREC.shift)}; ++${batchName(a)})`,
      ),
      `for (i64 kt_i = 0; kt_i * ${block.m} < ${pr.val(extentOf(rows), PREC.shift)}; kt_i += ${grid[0]})`,
      `for (i64 kt_j = 0; kt_j * ${block.n} < ${pr.val(extentOf(cols), PREC.shift)}; kt_j += ${grid[1] / kSplit}) {`,
    ];
    const pad = '  '.repeat(heads.length + 1);
    return [
      ...heads.map((l, n) => `${'  '.repeat(n + 1)}${l}`),
      `${pad}const i64 ${TILE.row} = (kt_i + kt_r) * ${block.m}, ${TILE.rows} = extent(${pr.val(extentOf(rows))} - ${TILE.row}, ${block.m});`,
      `${pad}const i64 ${TILE.col} = (kt_j + kt_ng) * ${block.n}, ${TILE.cols} = extent(${pr.val(extentOf(cols))} - ${TILE.col}, ${block.n});`,
      `${pad}const bool kt_stores = kt_ks == ${kSplit - 1} && ${TILE.rows} > 0 && ${TILE.cols} > 0;`,
      ...body.map((l) => `${pad}${l}`),
      `${'  '.repeat(heads.length)}}`,
    ];
  };
  const pending = ['if (kt_pending) {', ...p.outs.map((x) => `  ${store(x)}`), '}'];
  const a = [
    ...head,
    '  // Results leave one tile late, so that the blocks of the next one are on their way meanwhile.',
    ...p.outs.map((x) => `  ${T(x)}* kt_to_${arrayOf(x).id} = nullptr;`),
    '  i64 kt_rows = 0, kt_cols = 0;',
    '  bool kt_pending = false;',
    ...nested([
      'for (i64 kt_b = 0; kt_b < kt_blocks; ++kt_b) {',
      `  const i64 kt_k0 = (kt_ks * kt_blocks + kt_b) * ${block.k}, kt_kr = extent(${pr.val(extentOf(over))} - kt_k0, ${block.k});`,
      `  ${load(p.left, cbOf(p.left, 'A'), [rows, over], groups)}`,
      `  ${load(p.right, cbOf(p.right, 'B'), [over, cols], groupB)}`,
      '}',
      'if (!kt_stores) continue;',
      ...p.ins.map(tileIn),
      ...pending,
      ...p.outs.map((x) => `kt_to_${arrayOf(x).id} = ${pointer(x)};`),
      `kt_rows = ${TILE.rows}, kt_cols = ${TILE.cols};`,
      'kt_pending = true;',
    ]),
    ...pending.map((l) => `  ${l}`),
  ];
  const across = block.n / 32;
  const banks = (block.m / 32) * across;
  const steps = (x: Matrix, outer: string, inner: number, outerFull: number): readonly [string, string] =>
    x.axes.at(-1) === outer ? ['1', String(outerFull)] : [String(inner), '1'];
  const [aRow, aK] = steps(p.left, rows, block.k, block.m);
  const [bCol, bK] = steps(p.right, cols, block.k, block.n);
  const engine = p.left.dtype === 'f32' ? 'rvv_mml_f32' : `dpe_mml_${p.left.dtype}`;
  const slot = (x: Matrix): string => must(g.arrays.get(x.buf), x.buf);
  const sums = must(g.arrays.get(TILE.acc), 'sums');
  const plain = storedPlain(p);
  const corner = `kt_n / ${across} * ${32 * block.n} + kt_n % ${across} * 32, ${block.n}`;
  const bodyLines = statements(
    k.body,
    options.count === true ? counting(d) : d,
    printer(d, arrays),
    (op) => op.text,
    0,
  );
  const b = [
    ...head,
    ...nested([
      'const bool kt_works = kt_mr > 0 && kt_nr > 0;',
      `for (unsigned kt_n = 0; kt_n < ${banks}; ++kt_n) re_init(kt_n);`,
      'for (i64 kt_b = 0; kt_b < kt_blocks; ++kt_b) {',
      `  const ${T(p.left)}* kt_left = (const ${T(p.left)}*)cb_wait_front(${cbOf(p.left, 'A')});`,
      `  const ${T(p.right)}* kt_right = (const ${T(p.right)}*)cb_wait_front(${cbOf(p.right, 'B')});`,
      `  for (unsigned kt_n = 0; kt_works && kt_n < ${banks}; ++kt_n)`,
      `    ${engine}(kt_n, kt_left + kt_n / ${across} * ${32 * Number(aRow)}, ${aRow}, ${aK}, kt_right + kt_n % ${across} * ${32 * Number(bCol)}, ${bK}, ${bCol}, ${block.k});`,
      `  cb_pop_front(${cbOf(p.left, 'A')});`,
      `  cb_pop_front(${cbOf(p.right, 'B')});`,
      '}',
      ...(kSplit === 1
        ? []
        : [
            '// Sums pass along the row of PEs: the last one has all of them.',
            `for (unsigned kt_n = 0; kt_works && kt_n < ${banks}; ++kt_n) {`,
            `  if (kt_ks > 0) re_recv_acc_${p.acc}(kt_n);`,
            `  if (kt_ks < ${kSplit - 1}) re_send(kt_n);`,
            '}',
          ]),
      'if (!kt_stores) continue;',
      ...(plain === undefined
        ? [
            `${acc}* ${sums} = (${acc}*)cb_reserve_back(CB_SUMS);`,
            `for (unsigned kt_n = 0; kt_n < ${banks}; ++kt_n)`,
            `  re_store(kt_n, ${sums} + ${corner});`,
          ]
        : []),
      ...p.ins.map((x) => `const ${T(x)}* ${slot(x)} = (const ${T(x)}*)cb_wait_front(${cbOf(x, 'IN')});`),
      ...p.outs.map((x) => `${T(x)}* ${slot(x)} = (${T(x)}*)cb_reserve_back(${cbOf(x, 'OUT')});`),
      ...(plain === undefined
        ? bodyLines
        : [
            '// Nothing follows: the SIMD engine rounds the sums on their way to local memory.',
            `for (unsigned kt_n = 0; kt_n < ${banks}; ++kt_n)`,
            ...p.outs.map((x) => `  se_store_${plain}(kt_n, ${slot(x)} + ${corner});`),
          ]),
      ...p.outs.map((x) => `cb_push_back(${cbOf(x, 'OUT')});`),
      ...p.ins.map((x) => `cb_pop_front(${cbOf(x, 'IN')});`),
    ]),
  ];
  const name = `${options.entry}_${k.id}`;
  const all = buffersOf(g);
  return {
    name,
    staged: true,
    windowed: false,
    cbNames: all.map((x) => x.name).join(', '),
    cbs: all.map((x, n) => ({
      text: `{${x.bytes + SLACK}, ${x.depth}}${n === all.length - 1 ? '' : ','}  // ${x.name}`,
    })),
    fields: own.map((x) => `${x.text.replace(' __restrict', '')};`),
    windows: [],
    windowLines: [],
    directRemark: '',
    directParams: '',
    directLines: [],
    cores: [
      {
        remark: `// Data movement: blocks of ${block.m} x ${block.k} and ${block.k} x ${block.n} on a grid of ${grid[0]} x ${grid[1]} PEs.`,
        name: 'core_a',
        lines: a,
      },
      { remark: '// Computation.', name: 'core_b', lines: b },
    ],
    launch: [
      `  launch(${name}::core_a, ${name}::core_b, ${name}::table, ${name}::Args{${own.map((x) => x.id).join(', ')}}, ${grid[0] * grid[1]}, backwards);`,
    ],
  };
}
