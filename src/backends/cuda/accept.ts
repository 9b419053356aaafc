import type { Emitted } from '../../codegen/program.ts';
import type { Acceptance, KernelMetrics, Level, Readiness } from '../backend.ts';
import { writeDraft } from '../simt/draft.ts';
import type { SimtArch } from '../simt/family.ts';
import { runTool, versionOf } from '../tool.ts';

const nvcc = (): string => process.env['NVCC'] ?? 'nvcc';
const INSTALL = 'install the CUDA toolkit (13 or newer) and put nvcc on PATH, or set NVCC';

export async function nvccReadiness(): Promise<Readiness['levels'][Level]> {
  const v = await versionOf(nvcc());
  return v === undefined ? { ok: false, detail: 'nvcc was not found', fix: INSTALL } : { ok: true, detail: v };
}

/** nvcc on the text for the real architecture: cubin and PTX, with what ptxas says of registers, spills and shared memory. */
export async function acceptCuda(
  arch: SimtArch,
  emitted: Emitted,
  outDir: string,
  signal?: AbortSignal,
): Promise<Acceptance> {
  const v = await versionOf(nvcc());
  if (v === undefined) return { ok: false, kind: 'missing', log: `nvcc was not found: ${INSTALL}` };
  const started = performance.now();
  const base = writeDraft(emitted, arch, v, 'cu', outDir);
  const flags = ['-std=c++17', `-arch=${arch.name}`, '-lineinfo'];
  const ptx = await runTool(nvcc(), [...flags, '-ptx', `${base}.cu`, '-o', `${base}.ptx`], signal);
  if (!ptx.ok) return ptx;
  const cubin = await runTool(
    nvcc(),
    [`-arch=${arch.name}`, '-cubin', '-Xptxas', '-v', `${base}.ptx`, '-o', `${base}.cubin`],
    signal,
  );
  if (!cubin.ok) return cubin;
  return {
    ok: true,
    binary: `${base}.cubin`,
    listing: `${base}.ptx`,
    metrics: ptxasMetrics(cubin.out),
    ms: performance.now() - started,
    compiler: v,
  };
}

/** Figures by kernel from the log of `ptxas -v`. */
export function ptxasMetrics(log: string): readonly KernelMetrics[] {
  return log
    .split(/Compiling entry function '/)
    .slice(1)
    .map((part) => {
      const number = (pattern: RegExp): number => Number(pattern.exec(part)?.[1] ?? 0);
      return {
        kernel: part.slice(0, part.indexOf("'")),
        registers: number(/Used (\d+) registers/),
        spillBytes: number(/(\d+) bytes spill stores/) + number(/(\d+) bytes spill loads/),
        sharedBytes: number(/(\d+) bytes smem/),
      };
    });
}
