import { cppDialect } from '../../../src/backends/clike/dialect.ts';
import { collector } from '../../../src/backends/clike/prelude/collector.ts';
import type { Collector } from '../../../src/backends/clike/prelude/collector.ts';
import { storageType } from '../../../src/backends/clike/prelude/types.ts';
import { mentioned } from '../../../src/codegen/ir/tile-walk.ts';
import type { TileArray, TileKernel, TileProgram } from '../../../src/codegen/ir/tile.ts';
import { atom, PREC } from '../../../src/codegen/render/dialect.ts';
import type { Dialect, Print } from '../../../src/codegen/render/dialect.ts';
import { printer, statements } from '../../../src/codegen/render/printer.ts';

/**
 * A CUDA-like spelling of tile IR: a probe of the seam between lowering and text. It differs from C++ in what a level of a loop means, in folds
 * across a block, and in where functions come from; expressions are printed by the same code.
 */
function cudaDialect(c: Collector): Dialect {
  const cpp = cppDialect(c);
  const at = (r: { readonly array: string; readonly index: Parameters<Print['val']>[0] }, p: Print): string => `${r.array} + ${p.val(r.index, PREC.sum)}`;
  return {
    ...cpp,
    call: (fn, ty, args, p) => {
      const names: Partial<Record<string, string>> = { sqrt: 'sqrtf', rsqrt: 'rsqrtf', exp: '__expf', tanh: 'tanhf', max: 'fmaxf' };
      const own = names[fn];
      return own !== undefined && ty.dtype === 'f32' ? atom(`${own}(${args.map((a) => p.val(a)).join(', ')})`) : cpp.call(fn, ty, args, p);
    },
    loop: (op, p) => {
      const { level } = op;
      const axis = level.kind === 'grid' ? ['x', 'y', 'z'][level.dim] : 'x';
      const [start, stride] =
        level.kind === 'grid'
          ? level.flat
            ? ['(i64)blockIdx.x * blockDim.x + threadIdx.x', '(i64)gridDim.x * blockDim.x']
            : [`blockIdx.${axis}`, `gridDim.${axis}`]
          : level.kind === 'lane'
            ? ['threadIdx.x', 'blockDim.x']
            : ['', ''];
      if (start === '') return cpp.loop(op, p);
      const lo = p.val(op.lo, PREC.sum) === '0' ? '' : `${p.val(op.lo, PREC.sum)} + `;
      const by = op.step === 1 ? stride : `${op.step} * ${stride}`;
      const from = op.step === 1 ? start : `${op.step} * ${start}`;
      return `for (i64 ${op.id} = ${lo}${from}; ${op.id} < ${p.val(op.hi, PREC.shift)}; ${op.id} += ${by})`;
    },
    tile: (op, p) => {
      switch (op.kind) {
        case 'reduceTile':
          if (op.within !== 'block') return cpp.tile(op, p);
          return [`const f32 ${op.id} = ${blockSum(c)}(${p.val(op.value)});`];
        case 'barrier':
          return ['__syncthreads();'];
        case 'copy':
          return [`for (i64 unit = threadIdx.x; unit < ${p.val(op.count, PREC.shift)}; unit += blockDim.x) (${at(op.to, p)})[unit] = (${at(op.from, p)})[unit];`];
        case 'tileDot':
          if (op.group !== 1 || op.fresh || op.types.acc !== 'f32') throw new Error('internal: the probe multiplies plain tiles of f32');
          return [
            `// ${op.m} by ${op.n} elements, each lane its share`,
            `for (int e = threadIdx.x; e < ${op.m * op.n}; e += blockDim.x) {`,
            `  const int i = e / ${op.n}, j = e % ${op.n};`,
            '  f32 sum = 0.0f;',
            `  for (i64 k = 0; k < ${p.val(op.k, PREC.shift)}; ++k) sum += (${at(op.a, p)})[i * ${p.val(op.strides.a)} + k * ${p.val(op.strides.aStep)}] * (${at(op.b, p)})[k * ${p.val(op.strides.b)} + j];`,
            `  (${at(op.acc, p)})[i * ${p.val(op.strides.acc)} + j] += sum;`,
            '}',
          ];
        case 'atomic':
          return [`atomicAdd(${at(op.to, p)}, ${p.val(op.value)});`];
        default:
          return cpp.tile(op, p);
      }
    },
  };
}

const blockSum = (c: Collector): string =>
  c.add(
    'block_sum',
    () => `static inline f32 block_sum(f32 v) {
  __shared__ f32 waves[32];
  for (int step = 16; step > 0; step /= 2) v += __shfl_xor_sync(0xffffffffu, v, step);
  __syncthreads();
  if (threadIdx.x % 32 == 0) waves[threadIdx.x / 32] = v;
  __syncthreads();
  v = threadIdx.x % 32 < blockDim.x / 32 ? waves[threadIdx.x % 32] : 0.0f;
  for (int step = 16; step > 0; step /= 2) v += __shfl_xor_sync(0xffffffffu, v, step);
  return v;
}`,
  );

/** Text of all kernels of a program. */
export function cudaText(p: TileProgram): string {
  const c = collector(4);
  storageType(c, 'i64');
  storageType(c, 'f32');
  const kernels = p.kernels.map((k) => kernelText(p, k, c));
  const helpers = c.list().map((h) => h.text.replaceAll('static inline', 'static __device__ inline'));
  const lines = helpers.filter((h) => !h.includes('\n'));
  const functions = helpers.filter((h) => h.includes('\n'));
  return `${[`// ${p.name}: tile IR in a CUDA-like dialect.`, '', ...lines, '', ...functions.flatMap((f) => [f, '']), ...kernels].join('\n')}\n`;
}

function kernelText(p: TileProgram, k: TileKernel, c: Collector): string {
  const used = mentioned(k.body);
  const type = (a: TileArray): string => `${a.role === 'in' ? 'const ' : ''}${storageType(c, a.dtype)}`;
  const params = [
    ...p.arrays.filter((a) => used.has(a.id) && a.scope !== 'shared').map((a) => `${type(a)}* __restrict__ ${a.id}`),
    ...p.dims.filter((d) => used.has(d.id)).map((d) => `i64 ${d.id}`),
    ...p.scalars.filter((s) => used.has(s.id)).map((s) => `${storageType(c, s.dtype)} ${s.id}`),
  ].join(', ');
  const pr = printer(cudaDialect(c), new Map(p.arrays.map((a) => [a.id, a])));
  const shared = p.arrays.filter((a) => used.has(a.id) && a.scope === 'shared').map((a) => `  __shared__ ${type(a)} ${a.id}[${a.elements ? pr.val(a.elements) : 0}];`);
  const lane = used.has('lane') ? ['  const i64 lane = threadIdx.x;'] : [];
  const body = statements(k.body, cudaDialect(c), pr, (op) => op.text, 1);
  return [`extern "C" __global__ void __launch_bounds__(${k.lanes ?? 256}) ${k.id}(${params}) {`, ...shared, ...lane, ...body, '}'].join('\n');
}
