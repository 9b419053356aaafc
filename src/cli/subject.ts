import type { StageGraph } from '../codegen/ir/stage.ts';
import { lower } from '../codegen/lower/lower.ts';
import type { Consts } from '../codegen/lower/lower.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import type { CheckedOp } from '../dsl/check.ts';
import { instantiate } from '../dsl/check.ts';
import { readDoc } from '../dsl/doc.ts';
import type { DType } from '../dsl/dtypes.ts';
import { DTYPES, isFloat } from '../dsl/dtypes.ts';
import type { TOp, TParam } from '../dsl/typed.ts';
import type { Assignments } from './assignments.ts';
import { parseAssignments, parseSize } from './assignments.ts';
import { EXIT } from './exit.ts';
import type { LoadedFile } from './load.ts';
import { chooseOp } from './load.ts';
import { UserError } from './user-error.ts';

/** Options by which a command names an operator, its types and its sizes. */
export interface SubjectArgs {
  readonly op?: string | undefined;
  readonly type?: readonly string[] | undefined;
  readonly shape?: readonly string[] | undefined;
}

/** An operator of one file, with its type parameters and consts chosen. */
export interface Chosen {
  readonly loaded: LoadedFile;
  readonly checked: CheckedOp;
  readonly op: TOp;
  readonly graph: StageGraph;
  readonly consts: Consts;
  /** Sizes that were given: dims and `total(L)`. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Scalar arguments that were given; 64-bit integers as text. */
  readonly scalars: Readonly<Record<string, number | string | boolean>>;
  /** True if the sizes come from the doc comment. */
  readonly fromDoc: boolean;
}

/**
 * Chooses operator, types and sizes; what the command line leaves out comes from the `shape:` lines of the doc comment. Of those for the types that
 * were asked for (of all, where none is) it is the first, or the one of the smallest sizes: consts of a test are better small.
 */
export function choose(
  loaded: LoadedFile,
  args: SubjectArgs,
  options: { readonly doc: boolean | 'smallest' } = { doc: true },
): Chosen {
  const checked = chooseOp(loaded, args.op);
  const fail = (problems: Diagnostic | readonly Diagnostic[]): never => {
    throw new UserError(problems, EXIT.usage, loaded.sources);
  };
  const types = parseAssignments('type', args.type ?? []);
  const given = parseAssignments('shape', args.shape ?? []);
  if (types.problems.length + given.problems.length > 0) fail([...types.problems, ...given.problems]);
  const notes = !options.doc
    ? []
    : readDoc(checked.decl.doc ?? '').shapes.map((s): Assignments => new Map(Object.entries(s)));
  const fitting = notes.filter((n) => [...types.values].every(([k, v]) => (n.get(k) ?? v) === v));
  const usable = fitting.length > 0 ? fitting : notes;
  const smallest = Math.min(...usable.map(volume));
  const note = options.doc === 'smallest' ? usable.find((n) => volume(n) === smallest) : usable[0];
  const names = new Set(checked.decl.typeParams.map((t) => t.name.name));
  const typeNames = new Map([...types.values, ...[...given.values].filter(([k]) => names.has(k))]);
  const op = instance(checked, typeNames, note, fail);
  const values = args.shape === undefined || args.shape.length === 0 ? (note ?? given.values) : given.values;
  const sorted = sortValues(op, new Map([...values].filter(([k]) => !names.has(k))), fail);
  const lowered = lower(op, sorted.consts);
  if (!lowered.ok) return fail(lowered.refusals);
  return { loaded, checked, op, graph: lowered.graph, ...sorted, fromDoc: values !== given.values };
}

/** All sizes of a note multiplied. */
const volume = (note: Assignments): number =>
  [...note.values()].reduce((n, v) => (/^\d+$/.test(v) ? n * Math.max(1, Number(v)) : n), 1);

function instance(
  checked: CheckedOp,
  given: Assignments,
  note: Assignments | undefined,
  fail: (d: Diagnostic) => never,
): TOp {
  const types: Record<string, DType> = {};
  for (const t of checked.decl.typeParams) {
    const name = t.name.name;
    const choices = t.choices.join(', ');
    const value = given.get(name) ?? note?.get(name) ?? (t.choices.length === 1 ? t.choices[0] : undefined);
    if (value === undefined) return fail(diagnostic('type-missing', { param: name, choices }));
    const choice = t.choices.find((c) => c === value);
    if (choice === undefined) return fail(diagnostic('type-choice', { param: name, value, choices }));
    types[name] = choice;
  }
  for (const name of given.keys()) {
    if (!(name in types)) return fail(diagnostic('type-param-unknown', { name, op: checked.name }));
  }
  const op = instantiate(checked, types);
  if (op === undefined) throw new Error(`internal: no instance of ${checked.name}`);
  return op;
}

type Sorted = Pick<Chosen, 'consts' | 'sizes' | 'scalars'>;
/** Tells consts, scalars and sizes apart by what the names are in the operator. */
function sortValues(op: TOp, values: Assignments, fail: (d: readonly Diagnostic[]) => never): Sorted {
  const consts: Record<string, bigint | number | boolean> = {};
  const sizes: Record<string, number> = {};
  const scalars: Record<string, number | string | boolean> = {};
  const problems: Diagnostic[] = [];
  const totals = op.raggeds.filter((r) => r.origin === 'input').map((r) => `total(${r.id})`);
  const known = [...op.dims.filter((d) => d.source.kind !== 'derived').map((d) => d.id), ...totals];
  for (const [name, text] of values) {
    const param = op.params.find((p) => p.name === name && (p.mode === 'const' || p.mode === 'scalar'));
    if (param !== undefined) {
      const value = scalarOf(param, text);
      if (value === undefined) problems.push(diagnostic('value-form', { name, text, dtype: dtypeOf(param) }));
      else if (param.mode === 'const') consts[name] = value;
      else scalars[name] = typeof value === 'bigint' ? value.toString() : value;
      continue;
    }
    if (!known.includes(name)) {
      const has = [...known, ...op.params.filter((p) => p.mode === 'const' || p.mode === 'scalar').map((p) => p.name)]
        .map((k) => `\`${k}\``)
        .join(', ');
      problems.push(diagnostic('size-unknown', { name, has: has || 'none' }));
      continue;
    }
    const parsed = parseSize(name, text);
    if ('problem' in parsed) problems.push(parsed.problem);
    else sizes[name] = parsed.size;
  }
  if (problems.length > 0) fail(problems);
  return { consts, sizes, scalars };
}
const dtypeOf = (p: TParam): DType => (p.type.elem.kind === 'scalar' ? p.type.elem.dtype : 'u8');

/** The value of a by-value parameter from text; undefined if it is not one of its type. */
export function scalarOf(p: TParam, text: string): bigint | number | boolean | undefined {
  const dtype = dtypeOf(p);
  if (dtype === 'bool') return text === 'true' ? true : text === 'false' ? false : undefined;
  if (isFloat(dtype)) {
    const v = text === 'inf' ? Infinity : text === '-inf' ? -Infinity : text === 'nan' ? NaN : Number(text);
    return text.trim() === '' || (Number.isNaN(v) && text !== 'nan') ? undefined : v;
  }
  if (!/^-?(\d[\d_]*|0x[0-9a-fA-F]+)$/.test(text)) return undefined;
  const plain = text.replaceAll('_', '');
  const v = plain.startsWith('-') ? -BigInt(plain.slice(1)) : BigInt(plain);
  const { bytes, signed } = DTYPES[dtype];
  if (v !== (signed ? BigInt.asIntN(bytes * 8, v) : BigInt.asUintN(bytes * 8, v))) return undefined;
  return bytes === 8 ? v : Number(v);
}
