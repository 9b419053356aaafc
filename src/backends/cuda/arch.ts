import type { Arch } from '../backend.ts';
import type { MatrixUnit } from '../../codegen/ir/matrix-unit.ts';
import type { SimtArch } from '../simt/family.ts';

const figure = (value: number, unit: string, origin: string): Arch['figures'][string] => ({ value, unit, origin });
const GUIDE = 'CUDA C++ Programming Guide 13, table of technical specifications per compute capability';

/** Groups of four lanes hold rows of the left operand and of the sums, and columns of the right operand; within a group, pairs along the depth or a row. */
const MMA: MatrixUnit = {
  name: 'mma.m16n8k16',
  m: 16,
  n: 8,
  k: 16,
  a: { lane: [{ k: 2 }, { k: 4 }, { m: 1 }, { m: 2 }, { m: 4 }], element: [{ k: 1 }, { m: 8 }, { k: 8 }] },
  b: { lane: [{ k: 2 }, { k: 4 }, { n: 1 }, { n: 2 }, { n: 4 }], element: [{ k: 1 }, { k: 8 }] },
  sums: { lane: [{ n: 2 }, { n: 4 }, { m: 1 }, { m: 2 }, { m: 4 }], element: [{ n: 1 }, { m: 8 }] },
  origin: 'PTX ISA 9.0, matrix fragments for mma.m16n8k16 with floating point type',
};

interface Device {
  readonly name: string;
  readonly multiprocessors: number;
  readonly sharedOptIn: number;
  readonly sharedPerProcessor: number;
  readonly threadsPerProcessor: number;
  readonly bandwidth: number;
  readonly source: string;
}
const arch = (d: Device): SimtArch => ({
  name: d.name,
  wave: 32,
  threadsPerBlock: 1024,
  sharedBytes: 48 << 10,
  multiprocessors: d.multiprocessors,
  matrix: MMA,
  figures: {
    wave: figure(32, 'thread', GUIDE),
    threadsPerBlock: figure(1024, 'thread', GUIDE),
    threadsPerMultiprocessor: figure(d.threadsPerProcessor, 'thread', GUIDE),
    registersPerThread: figure(255, 'register', GUIDE),
    registersPerMultiprocessor: figure(65_536, 'register', GUIDE),
    sharedBytes: figure(48 << 10, 'byte', `${GUIDE}: static shared memory of a block`),
    sharedBytesOptIn: figure(d.sharedOptIn << 10, 'byte', `${GUIDE}: shared memory of a block on request`),
    sharedBytesPerMultiprocessor: figure(d.sharedPerProcessor << 10, 'byte', GUIDE),
    vectorBytes: figure(16, 'byte', 'PTX ISA 9.0, ld.global.v4.b32'),
    multiprocessors: figure(d.multiprocessors, 'multiprocessor', d.source),
    bandwidth: figure(d.bandwidth, 'GB/s', d.source),
  },
});

/** NVIDIA architectures; figures of devices are those of the data-centre model named in their origin. */
export const CUDA_ARCHS: readonly SimtArch[] = [
  arch({
    name: 'sm_80',
    multiprocessors: 108,
    sharedOptIn: 163,
    sharedPerProcessor: 164,
    threadsPerProcessor: 2048,
    bandwidth: 2039,
    source: 'A100 80 GB SXM data sheet',
  }),
  arch({
    name: 'sm_90',
    multiprocessors: 132,
    sharedOptIn: 227,
    sharedPerProcessor: 228,
    threadsPerProcessor: 2048,
    bandwidth: 3350,
    source: 'H100 SXM data sheet',
  }),
  arch({
    name: 'sm_100',
    multiprocessors: 148,
    sharedOptIn: 227,
    sharedPerProcessor: 228,
    threadsPerProcessor: 2048,
    bandwidth: 8000,
    source: 'B200 data sheet',
  }),
];
