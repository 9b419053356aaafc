import type { Arch } from '../backend.ts';
import type { SimtArch } from '../simt/family.ts';

const figure = (value: number, unit: string, origin: string): Arch['figures'][string] => ({ value, unit, origin });
const ISA = 'AMD Instinct MI300 and MI200 instruction set reference guides';

const arch = (name: string, multiprocessors: number, bandwidth: number, source: string): SimtArch => ({
  name,
  wave: 64,
  threadsPerBlock: 1024,
  sharedBytes: 64 << 10,
  multiprocessors,
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
