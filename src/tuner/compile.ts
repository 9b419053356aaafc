import type { Arch, Backend, CompileResult } from '../backends/backend.ts';
import type { Emitted } from '../codegen/program.ts';

/** What became of one variant. `ms` is its share of the time that its translation unit took. */
export type Built =
  | {
      readonly ok: true;
      readonly path: string;
      readonly entry: string;
      readonly ms: number;
      readonly compiler: string;
      readonly flags: readonly string[];
    }
  | { readonly ok: false; readonly kind: 'error' | 'timeout' | 'missing' | 'disk' | 'aborted'; readonly log: string };

export interface CompileOptions {
  /** Where objects go, and where else if that has no room or cannot be written. */
  readonly outDirs: readonly string[];
  /** Most variants of one translation unit. */
  readonly perUnit: number;
  readonly signal: AbortSignal;
}

/**
 * Compiles variants in batches, one translation unit each, one after the other. A batch that does not compile is cut in half until the variant at fault stands alone,
 * so that it costs nobody else. Results are in the order of the variants.
 */
export async function compileVariants(
  backend: Backend,
  arch: Arch,
  variants: readonly Emitted[],
  options: CompileOptions,
): Promise<readonly Built[]> {
  const results = new Map<Emitted, Built>();
  const waiting: (readonly Emitted[])[] = [];
  for (let i = 0; i < variants.length; i += options.perUnit) waiting.push(variants.slice(i, i + options.perUnit));

  for (let unit = waiting.shift(); unit !== undefined; unit = waiting.shift()) {
    const whole = unit;
    const built = options.signal.aborted ? aborted : await attempt(backend, arch, whole, options);
    if (built.ok) {
      const { path, ms, compiler, flags } = built.compiled;
      whole.forEach((v) => {
        results.set(v, { ok: true, path, entry: `${v.entry}_call`, ms: ms / whole.length, compiler, flags });
      });
    } else if (options.signal.aborted) {
      for (const v of whole) results.set(v, { ok: false, kind: 'aborted', log: '' });
    } else if (whole.length === 1 || built.kind === 'missing' || built.kind === 'disk') {
      for (const v of whole) results.set(v, { ok: false, kind: built.kind, log: built.log });
    } else {
      const half = Math.ceil(whole.length / 2);
      waiting.unshift(whole.slice(0, half), whole.slice(half));
    }
  }
  return variants.map((v) => results.get(v) ?? { ok: false, kind: 'aborted', log: '' });
}

const aborted = { ok: false, kind: 'error', log: '' } as const;

/** Messages of compilers and of Node that speak of the disk and not of the code. */
const DISK =
  /no space left on device|ENOSPC|disk quota exceeded|EDQUOT|read-only file system|EROFS|EACCES|ENOTDIR|permission denied/i;

async function attempt(
  backend: Backend,
  arch: Arch,
  unit: readonly Emitted[],
  options: CompileOptions,
): Promise<Attempt> {
  let log = '';
  for (const dir of options.outDirs) {
    try {
      const built = await backend.compile(arch, unit, dir, options.signal);
      if (built.ok || !DISK.test(built.log)) return built;
      log = built.log;
    } catch (error) {
      log = error instanceof Error ? error.message : String(error);
      // Errors of system calls are the machine's; anything else is a bug of the backend.
      if (!(error instanceof Error && 'syscall' in error) && !DISK.test(log)) throw error;
    }
  }
  return { ok: false, kind: 'disk', log };
}
type Attempt = CompileResult | { readonly ok: false; readonly kind: 'disk'; readonly log: string };
