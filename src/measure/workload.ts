import { evalSize } from '../codegen/shapes/eval-size.ts';
import type { SizeEnv } from '../codegen/shapes/eval-size.ts';
import type { Expr } from '../codegen/ir/stage.ts';
import type { Abi, AbiParam } from '../codegen/program.ts';
import { DTYPES } from '../dsl/dtypes.ts';
import type { DType } from '../dsl/dtypes.ts';
import { assertNever, must } from '../assert.ts';
import type { Arg } from './protocol.ts';

/** Everything a kernel is called with, as bytes: little-endian, row-major. Lists of arrays hold one entry per element. */
export interface Inputs {
  /** Dims by id; one value per list element where a dim has them. */
  readonly dims: Readonly<Record<string, number | readonly number[]>>;
  readonly scalars: Readonly<Record<string, number | bigint | boolean>>;
  /** Contents of `in` and `inout` buffers by name. */
  readonly arrays: Readonly<Record<string, Uint8Array | readonly Uint8Array[]>>;
  /** Items that there is room for, per ragged result; also under the name of its offsets buffer, which sizes mention. */
  readonly capacities?: Readonly<Record<string, number>>;
}

/** One array of a call. Elements of a list are arrays of their own, named `x{0}`, `x{1}`, … */
export interface ArraySpec {
  readonly name: string;
  readonly role: 'in' | 'out' | 'inout';
  readonly dtype: DType;
  readonly bytes: number;
  readonly contents?: Uint8Array;
}

/** The arrays of a call and its arguments, for one set of inputs. Independent of the config, except for the workspace. */
export interface Workload {
  readonly arrays: readonly ArraySpec[];
  /** Bytes of all arrays together. */
  readonly bytes: number;
  /** Arguments for an emitted kernel, and the bytes of each workspace it wants (named `workspace0`, …). */
  bind(abi: Abi, parts?: number): { readonly args: readonly Arg[]; readonly workspaces: readonly number[] };
  /** Value of a size expression, such as the cost of a kernel; undefined if the inputs do not determine it. */
  evaluate(e: Expr): number | undefined;
}

/** Lays out the arrays that `abi` asks for. Sizes that the inputs do not determine are an error of the caller. */
export function createWorkload(abi: Abi, inputs: Inputs): Workload {
  const env = sizeEnv(abi, inputs);
  const arrays = abi.params.flatMap((p) => (p.kind === 'buffer' ? arraysOf(p, inputs, env) : []));
  return {
    arrays,
    bytes: arrays.reduce((sum, a) => sum + a.bytes, 0),
    bind(other, parts = 1) {
      const workspaces: number[] = [];
      const args = other.params.map((p): Arg => {
        switch (p.kind) {
          case 'buffer':
            return p.list === undefined
              ? { buf: p.name }
              : { table: Array.from({ length: size(p.list, env, p.name) }, (_, i) => `${p.name}{${i}}`) };
          case 'workspace':
            workspaces.push(size(p.bytes, env, 'workspace') + (parts - 1) * size(p.perPart, env, 'workspace'));
            return { buf: `workspace${workspaces.length - 1}` };
          case 'dim':
            return { bytes: dimBytes(p.name, inputs) };
          case 'scalar':
            return { bytes: scalarBytes(p.dtype, must(inputs.scalars[p.name], `scalar ${p.name}`)) };
          case 'capacity':
            return { bytes: integerBytes(BigInt(must(inputs.capacities?.[p.ragged], `capacity of ${p.ragged}`)), 8) };
          default:
            return assertNever(p, 'bind');
        }
      });
      return { args, workspaces };
    },
    evaluate: (e) => evalSize(e, env),
  };
}

type BufferParam = Extract<AbiParam, { kind: 'buffer' }>;

function size(e: Expr, env: SizeEnv, what: string): number {
  return must(evalSize(e, env), `size of ${what}`);
}

function arraysOf(p: BufferParam, inputs: Inputs, env: SizeEnv): readonly ArraySpec[] {
  const given = inputs.arrays[p.name];
  const width = p.rowBytes === undefined ? DTYPES[p.dtype].bytes : size(p.rowBytes, env, p.name);
  const one = (name: string, contents: Uint8Array | undefined, element: number | undefined): ArraySpec => {
    const within: SizeEnv = element === undefined ? env : { ...env, axis: () => element };
    const bytes = p.shape.reduce((n, e) => n * Math.max(0, size(e, within, name)), width);
    if (p.role !== 'out' && contents?.length !== bytes) {
      throw new Error(`internal: ${name} has ${contents?.length ?? 'no'} bytes of data, its shape asks for ${bytes}`);
    }
    return { name, role: p.role, dtype: p.dtype, bytes, ...(contents === undefined ? {} : { contents }) };
  };
  if (p.list === undefined) return [one(p.name, given instanceof Uint8Array ? given : undefined, undefined)];
  return Array.from({ length: size(p.list, env, p.name) }, (_, i) =>
    one(`${p.name}{${i}}`, given instanceof Uint8Array ? undefined : given?.[i], i),
  );
}

/** Dims and scalars by value; offsets from the inputs' data, or the capacity where the kernel is going to write them. */
function sizeEnv(abi: Abi, inputs: Inputs): SizeEnv {
  const dtypes = new Map(abi.params.flatMap((p) => (p.kind === 'buffer' ? [[p.name, p.dtype] as const] : [])));
  return {
    dim(id, element) {
      const v = inputs.dims[id];
      return typeof v === 'object' ? (element === undefined ? undefined : v[element]) : v;
    },
    scalar(name) {
      const v = inputs.scalars[name];
      return v === undefined ? undefined : Number(v);
    },
    read(buf, element, index) {
      const given = inputs.arrays[buf];
      const data = given === undefined || given instanceof Uint8Array ? given : given[element ?? 0];
      if (data === undefined) return inputs.capacities?.[buf];
      const bytes = DTYPES[dtypes.get(buf) ?? 'i64'].bytes;
      const at = (index[0] ?? 0) * bytes;
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      if (at < 0 || at + bytes > data.byteLength) return undefined;
      return bytes === 8 ? Number(view.getBigInt64(at, true)) : bytes === 4 ? view.getInt32(at, true) : undefined;
    },
  };
}

function integerBytes(v: bigint, bytes: number): string {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt.asUintN(64, v));
  return out.subarray(0, bytes).toString('hex');
}
function dimBytes(id: string, inputs: Inputs): string {
  const v = must(inputs.dims[id], `dim ${id}`);
  return (typeof v === 'number' ? [v] : v).map((x) => integerBytes(BigInt(x), 8)).join('');
}
function scalarBytes(dtype: DType, v: number | bigint | boolean): string {
  const { bytes, group } = DTYPES[dtype];
  if (group !== 'float') return integerBytes(typeof v === 'number' ? BigInt(Math.trunc(v)) : BigInt(v), bytes);
  if (typeof v === 'bigint' && bytes < 4) return integerBytes(v, bytes);
  const out = Buffer.alloc(8);
  if (bytes === 8) out.writeDoubleLE(Number(v));
  else if (bytes === 4) out.writeFloatLE(Number(v));
  else throw new Error(`internal: a ${dtype} scalar is passed as its bit pattern (bigint)`);
  return out.subarray(0, bytes).toString('hex');
}
