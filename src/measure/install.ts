import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertNever } from '../assert.ts';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Abi } from '../codegen/program.ts';
import type { Arg, Call, Fault, Placement } from './protocol.ts';
import type { Runner } from './runner-client.ts';
import type { ArraySpec, Workload } from './workload.ts';

/** Sets of arrays together exceed this, so that each call finds its inputs outside the caches: twice a large last-level cache. */
const COLD_BYTES = 64 * 2 ** 20;
const MOST_SETS = 64;

/** A workload whose arrays live in a runner. */
export interface Installed {
  /** Arrays that a kernel writes in the first set, in the order of the signature. */
  readonly outputs: readonly string[];
  readonly sets: number;
  readonly cache: 'cold' | 'warm';
  /** The call of an entry of a loaded library, and its workspaces. They grow as needed while timing; otherwise they are as large as the call may use. */
  call(
    lib: string,
    entry: string,
    abi: Abi,
    parts?: number,
  ): Promise<
    | { readonly ok: true; readonly call: Call; readonly workspaces: readonly string[] }
    | { readonly ok: false; readonly fault: Fault }
  >;
  /** Frees all arrays: afterwards the files they came from may change. */
  release(): Promise<void>;
}
export type Installation =
  { readonly ok: true; readonly installed: Installed } | { readonly ok: false; readonly problem: Diagnostic };

/**
 * Writes the inputs to `scratch` and allocates the arrays in the runner. With `cold`, small workloads get several sets of arrays that calls
 * take in turn; arrays updated in place keep a pristine copy and one set.
 */
export async function install(
  runner: Runner,
  workload: Workload,
  options: { readonly scratch: string; readonly place: Placement; readonly cold: boolean },
): Promise<Installation> {
  const paths = new Map<string, string>();
  try {
    mkdirSync(options.scratch, { recursive: true });
    for (const array of workload.arrays) {
      if (array.contents === undefined) continue;
      const path = join(options.scratch, `${array.name.replaceAll(/[^\w]/g, '_')}.bin`);
      writeFileSync(path, array.contents);
      paths.set(array.name, path);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, problem: diagnostic('scratch-write', { path: options.scratch, reason }) };
  }
  const inPlace = workload.arrays.filter((a) => a.role === 'inout');
  const wanted = Math.ceil(COLD_BYTES / Math.max(1, workload.bytes));
  const sets = options.cold && inPlace.length === 0 ? Math.min(MOST_SETS, Math.max(1, wanted)) : 1;
  const fault = await allocate(runner, workload, paths, sets, options.place);
  if (fault !== undefined)
    return { ok: false, problem: diagnostic('memory-short', { bytes: sets * workload.bytes, detail: fault }) };

  const workspace: number[] = [];
  const restore = inPlace.map((a) => [nameIn(a.name, 0), `${a.name}!`] as const);
  const installed: Installed = {
    outputs: workload.arrays.filter((a) => a.role !== 'in').map((a) => nameIn(a.name, 0)),
    sets,
    cache: sets * workload.bytes >= COLD_BYTES ? 'cold' : 'warm',
    async call(lib, entry, abi, parts = 1) {
      const { args, workspaces } = workload.bind(abi, parts);
      for (const [i, bytes] of workspaces.entries()) {
        const has = workspace[i] ?? -1;
        if (options.cold ? has >= bytes : has === bytes) continue;
        const answer = await runner.request({
          op: 'alloc',
          buf: `workspace${i}`,
          bytes,
          access: 'out',
          place: options.place,
          align: 64,
        });
        if (!answer.ok) return answer;
        workspace[i] = bytes;
      }
      const call: Call = {
        lib,
        entry,
        sets: Array.from({ length: sets }, (_, s) => args.map((a) => argIn(a, s))),
        ...(parts === 1 ? {} : { parts, phases: abi.phases }),
        ...(restore.length === 0 ? {} : { restore }),
      };
      return { ok: true, call, workspaces: workspaces.map((_, i) => `workspace${i}`) };
    },
    async release() {
      const own = workload.arrays.flatMap((a) => [
        ...Array.from({ length: sets }, (_, s) => nameIn(a.name, s)),
        ...(a.role === 'inout' ? [`${a.name}!`] : []),
      ]);
      await runner.request({ op: 'free', bufs: [...own, ...workspace.map((_, i) => `workspace${i}`)] });
    },
  };
  return { ok: true, installed };
}

const nameIn = (name: string, set: number): string => (set === 0 ? name : `${name}#${set}`);
const isWorkspace = (name: string): boolean => /^workspace\d+$/.test(name);
function argIn(arg: Arg, set: number): Arg {
  if ('buf' in arg) return isWorkspace(arg.buf) ? arg : { buf: nameIn(arg.buf, set) };
  return 'table' in arg ? { table: arg.table.map((n) => nameIn(n, set)) } : arg;
}

/** Allocates and fills all arrays of all sets; the message of the first refusal, if any. */
async function allocate(
  runner: Runner,
  workload: Workload,
  paths: ReadonlyMap<string, string>,
  sets: number,
  place: Placement,
): Promise<string | undefined> {
  const place1 = async (
    name: string,
    array: ArraySpec,
    access: 'in' | 'out' | 'inout',
  ): Promise<string | undefined> => {
    const allocated = await runner.request({
      op: 'alloc',
      buf: name,
      bytes: array.bytes,
      access,
      place,
      align: alignment(array, place),
    });
    if (!allocated.ok) return describeFault(allocated.fault);
    const path = paths.get(array.name);
    const from =
      path === undefined ? ({ kind: 'byte', value: 0 } as const) : ({ kind: 'file', path, offset: 0 } as const);
    const filled = await runner.request({ op: 'fill', buf: name, from });
    return filled.ok ? undefined : describeFault(filled.fault);
  };
  for (const array of workload.arrays) {
    for (let s = 0; s < sets; s++) {
      const problem = await place1(nameIn(array.name, s), array, array.role);
      if (problem !== undefined) return problem;
    }
    if (array.role === 'inout') {
      const problem = await place1(`${array.name}!`, array, 'in');
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

/** Arrays that are to stand flush against a guard page have no more alignment than their elements. */
const alignment = (array: ArraySpec, place: Placement): number =>
  place === 'stagger'
    ? 64
    : ((
        { f64: 8, i64: 8, u64: 8, f32: 4, i32: 4, u32: 4, f16: 2, bf16: 2, i16: 2, u16: 2 } as Partial<
          Record<string, number>
        >
      )[array.dtype] ?? 1);

/** A fault in one line. */
export function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case 'crash': {
      const at = fault.at === undefined ? '' : ` in ${fault.at}`;
      if (fault.buffer === undefined)
        return `${fault.signal}${at} at address 0x${fault.address.replace(/^0+(?=.)/, '')}`;
      const where =
        fault.where === 'read-only'
          ? 'wrote to the input'
          : fault.where === 'before'
            ? 'before the start of'
            : 'beyond the end of';
      return `${fault.signal}${at}: ${where} ${fault.buffer}, byte ${fault.offset ?? 0}`;
    }
    case 'kernel':
      return fault.message;
    case 'guard':
      return `wrote ${fault.where === 'before' ? 'before the start' : 'beyond the end'} of ${fault.buffer}, byte ${fault.offset}`;
    case 'timeout':
      return `still running after ${Math.round(fault.ms)} ms`;
    case 'refused':
      return fault.message;
    case 'died':
      return fault.detail;
    default:
      return assertNever(fault, 'describeFault');
  }
}
