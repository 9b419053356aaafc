import type { Arch } from '../backend.ts';
import type { MatrixUnit } from '../../codegen/ir/matrix-unit.ts';
import type { SimtArch } from '../simt/family.ts';

const figure = (value: number, unit: string, origin: string): Arch['figures'][string] => ({ value, unit, origin });
const ISA = 'AMD Instinct MI300 and MI200 instruction set reference guides';

/** Sixteen lanes stand side by side along a row or column, four such groups along the depth; sums lie as they do with the right operand given first. */
const MFMA: MatrixUnit = {
  name: 'v_mfma_f32_16x16x16',
  m: 16,
  n: 16,
  k: 16,
  a: { lane: [{ m: 1 }, { m: 2 }, { m: 4 }, { m: 8 }, { k: 4 }, { k: 8 }], element: [{ k: 1 }, { k: 2 }] },
  b: { lane: [{ n: 1 }, { n: 2 }, { n: 4 }, { n: 8 }, { k: 4 }, { k: 8 }], element: [{ k: 1 }, { k: 2 }] },
  sums: { lane: [{ m: 1 }, { m: 2 }, { m: 4 }, { m: 8 }, { n: 4 }, { n: 8 }], element: [{ n: 1 }, { n: 2 }] },
  origin: `${ISA}: V_MFMA_F32_16X16X16_F16 and V_MFMA_F32_16X16X16_BF16_1K`,
};

const arch = (name: string, multiprocessors: number, bandwidth: number, source: string): SimtArch => ({
  name,
  wave: 64,
  threadsPerBlock: 1024,
  sharedBytes: 64 << 10,
  multiprocessors,
  matrix: MFMA,
  figures: {
    wave: figure(64, 'thread', ISA),
    threadsPerBlock: figure(1024, 'thread', 'HIP programming guide: hardware features'),
    registersPerThread: figure(512, 'register', `${ISA}: vector and accumulation registers together`),
    sharedBytes: figure(64 << 10, 'byte', `${ISA}: local data share of a workgroup`),
    vectorBytes: figure(16, 'byte', `${ISA}: global_load_dwordx4`),
    multiprocessors: figure(multiprocessors, 'compute unit', source),
    bandwidth: figure(bandwidth, 'GB/s', source),
  },
});

/** AMD architectures; figures of devices are those of the model named in their origin. */
export const HIP_ARCHS: readonly SimtArch[] = [
  arch('gfx90a', 104, 1638, 'MI210 data sheet'),
  arch('gfx942', 304, 5300, 'MI300X data sheet'),
];
