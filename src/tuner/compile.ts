import type { Arch, Backend } from '../backends/backend.ts';
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
  | { readonly ok: false; readonly kind: 'error' | 'timeout' | 'missing' | 'aborted'; readonly log: string };

export interface CompileOptions {
  readonly outDir: string;
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
    } else if (whole.length === 1 || built.kind === 'missing') {
      for (const v of whole) results.set(v, { ok: false, kind: built.kind, log: built.log });
    } else {
      const half = Math.ceil(whole.length / 2);
      waiting.unshift(whole.slice(0, half), whole.slice(half));
    }
  }
  return variants.map((v) => results.get(v) ?? { ok: false, kind: 'aborted', log: '' });
}

const aborted = { ok: false, kind: 'error', log: '' } as const;

async function attempt(
  backend: Backend,
  arch: Arch,
  unit: readonly Emitted[],
  options: CompileOptions,
): ReturnType<Backend['compile']> {
  try {
    return await backend.compile(arch, unit, options.outDir, options.signal);
  } catch (error) {
    // A full disk and the like; bugs of a backend show in the text.
    return { ok: false, kind: 'error', log: error instanceof Error ? error.message : String(error) };
  }
}
