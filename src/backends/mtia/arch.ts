import { must } from '../../assert.ts';
import type { Arch } from '../backend.ts';

/** A generation of MTIA. `grid` is absent where the processing elements are not public: such a chip has a roofline and no kernels. */
export interface MtiaArch extends Arch {
  readonly grid?: readonly [rows: number, columns: number];
}
type Figures = Arch['figures'];

/** Coburn et al., "Meta's Second Generation AI Chip", ISCA 2025. */
const COBURN = 'published: Coburn et al., ISCA 2025, doi 10.1145/3695053.3731409';
/** "MTIA 300: Meta's First Training Chip", ISCA 2026. */
const TRAINING = 'published: MTIA 300, ISCA 2026';
const PRESS = 'published: press reports of 2026-03 on chips 400, 450 and 500';

/** The tiles of 2i and 300 are published as such, that of 1 as operations a second. */
const DPE = 'derived: published tiles, or operations a second over clock and PEs';

const figure = (value: number, unit: string, origin: string): Figures[string] => ({ value, unit, origin });
/** Bytes in a cycle of the chip's clock. */
const perCycle = (gbPerSecond: number, ghz: number, from: string): Figures[string] =>
  figure(Math.round(gbPerSecond / ghz), 'byte/cycle', `derived: ${from} over the clock`);

interface Published {
  readonly origin: string;
  readonly ghz: number;
  readonly localKiB: number;
  readonly sramMiB: number;
  /** GB/s of a local memory, of the shared memory, of DRAM. */
  readonly bandwidth: readonly [local: number, sram: number, dram: number];
  /** Bytes of a multiple that addresses of DMA must have. */
  readonly align: Figures[string];
  readonly units: Units;
}
/** What the model takes of the units of a PE. */
interface Units {
  /** Bytes a cycle of the port of DMA, and of the link that passes sums; assumed. */
  readonly port: number;
  readonly link: number;
  /** Bytes of the reduced axis that a tile of the dot-product engine takes in 32 cycles, and its tiles. */
  readonly dpe: readonly [bytes: number, tiles: number];
  /** Elements a cycle of the SIMD engine. */
  readonly lanes: number;
}
function chip(name: string, grid: readonly [number, number], p: Published): MtiaArch {
  const [local, sram, dram] = p.bandwidth;
  return {
    name,
    grid,
    figures: {
      rows: figure(grid[0], 'PE', p.origin),
      columns: figure(grid[1], 'PE', p.origin),
      clock: figure(p.ghz, 'GHz', p.origin),
      vectorBytes: figure(64, 'byte', p.origin),
      localBytes: figure(p.localKiB << 10, 'byte', p.origin),
      sramBytes: figure(p.sramMiB * 2 ** 20, 'byte', p.origin),
      dramBandwidth: figure(dram, 'GB/s', p.origin),
      localPerCycle: perCycle(local, p.ghz, 'bandwidth of local memory'),
      sramPerCycle: perCycle(sram, p.ghz, 'bandwidth of shared memory'),
      dramPerCycle: perCycle(dram, p.ghz, 'bandwidth of DRAM'),
      dmaAlign: p.align,
      port: figure(p.units.port, 'byte/cycle', 'assumed: only that it doubled from 1 to 2i is published'),
      latency: figure(150, 'cycle', 'assumed: shared memory to local memory'),
      link: figure(p.units.link, 'byte/cycle', 'assumed: nothing of the reduction network is published'),
      dpeBytes: figure(p.units.dpe[0], 'byte', DPE),
      dpeTiles: figure(p.units.dpe[1], 'tile', DPE),
      seLanes: figure(p.units.lanes, 'element/cycle', 'derived: operations a second over clock and PEs'),
    },
  };
}
const roofline = (name: string, dram: number, petaflops: number): MtiaArch => ({
  name,
  figures: {
    dramBandwidth: figure(dram, 'GB/s', PRESS),
    bf16: figure(petaflops * 1000, 'TFLOP/s', PRESS),
  },
});

/** The usual one stands last. */
export const MTIA_ARCHS: readonly MtiaArch[] = [
  roofline('400', 9200, 3),
  roofline('450', 18400, 3.5),
  roofline('500', 27600, 5),
  chip('300', [12, 6], {
    origin: TRAINING,
    ghz: 1.9,
    localKiB: 512,
    sramMiB: 192,
    bandwidth: [1900, 11400, 6100],
    align: figure(1, 'byte', TRAINING),
    units: { port: 128, link: 256, dpe: [64, 2], lanes: 128 },
  }),
  chip('1', [8, 8], {
    origin: COBURN,
    ghz: 0.8,
    localKiB: 128,
    sramMiB: 128,
    bandwidth: [400, 800, 176],
    align: figure(32, 'byte', 'assumed: the rule of MTIA 2i'),
    units: { port: 32, link: 64, dpe: [32, 1], lanes: 16 },
  }),
  chip('2i', [8, 8], {
    origin: COBURN,
    ghz: 1.35,
    localKiB: 384,
    sramMiB: 256,
    bandwidth: [1000, 2700, 204.8],
    align: figure(32, 'byte', 'published: Hammond et al., arXiv 2512.10977'),
    units: { port: 64, link: 128, dpe: [32, 2], lanes: 32 },
  }),
];

/** The description behind an architecture that a caller was given. */
export const mtiaArch = (arch: Arch): MtiaArch =>
  must(
    MTIA_ARCHS.find((a) => a.name === arch.name),
    `mtia:${arch.name}`,
  );

/** Why there is no code for a chip that is only a roofline. */
export const notPublic = (arch: Arch): string =>
  `what a processing element of MTIA ${arch.name} has is not public (grid, local memory, clock); kernels are made for ${MTIA_ARCHS.flatMap((a) => (a.grid === undefined ? [] : [a.name])).join(', ')}`;
