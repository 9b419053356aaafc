import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { hasErrors } from '../diagnostics/diagnostic.ts';
import type { FnDecl, Module, OpDecl } from './ast.ts';
import { gather } from './checks/imports.ts';
import type { Loader } from './checks/imports.ts';
import type { ModuleScope } from './checks/context.ts';
import { checkFns } from './checks/fns.ts';
import { checkOp } from './checks/op.ts';
import type { CheckedInstance } from './checks/op.ts';
import type { DType } from './dtypes.ts';
import type { TOp } from './typed.ts';

export type { Loader } from './checks/imports.ts';

/** An operator with its instances, one per binding of its type parameters, in the order of the choices. None where the operator has errors. */
export interface CheckedOp {
  readonly name: string;
  readonly decl: OpDecl;
  readonly instances: readonly TOp[];
}
/** What a file declares, and everything there is to say about it. */
export interface Checked {
  readonly ops: readonly CheckedOp[];
  readonly fns: readonly FnDecl[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Checks a module under every binding of type parameters. All errors of the file and of what it imports come in one run, each once.
 * `load` yields the text of an imported file; without it imports are errors.
 */
export function check(module: Module, load?: Loader): Checked {
  const all = gather(module, load);
  const diagnostics: Diagnostic[] = [...all.diagnostics];
  const running = new Set<string>();
  const done = new Map<string, CheckedInstance>();
  const key = (op: OpDecl, types: Readonly<Record<string, DType>>): string =>
    `${op.span.file} ${op.name.name} ${JSON.stringify(types)}`;
  const scopeOf = (owner: OpDecl | FnDecl): ModuleScope => {
    const names = all.scopes.get(owner.span.file);
    return {
      fns: names?.fns ?? new Map(),
      missing: names?.missing ?? new Set(),
      fnsOf: (file) => all.scopes.get(file)?.fns ?? new Map(),
      ops: names?.ops ?? new Map(),
      instance,
    };
  };
  const instance = (op: OpDecl, types: Readonly<Record<string, DType>>): TOp | 'recursive' | undefined => {
    const id = key(op, types);
    if (running.has(id)) return 'recursive';
    const known = done.get(id);
    if (known !== undefined) return known.op;
    running.add(id);
    const made = checkOp(op, types, scopeOf(op));
    running.delete(id);
    done.set(id, made);
    return made.op;
  };
  for (const fns of all.declared.values()) checkFns(fns.fns, scopeOf, diagnostics);
  // Every instance first, then properties: these may call any operator, their own too.
  const list = [...all.declared].flatMap(([file, names]) =>
    names.ops.map((decl) => ({ file, decl, types: bindings(decl) })),
  );
  for (const { decl, types } of list) for (const t of types) instance(decl, t);
  const ops: CheckedOp[] = [];
  for (const { file, decl, types } of list) {
    const instances = types.flatMap((t) => {
      const result = done.get(key(decl, t))?.finish();
      diagnostics.push(...(result?.diagnostics ?? []));
      return result?.op ?? [];
    });
    if (file === module.span.file) ops.push({ name: decl.name.name, decl, instances });
  }
  const own = all.declared.get(module.span.file);
  return { ops, fns: own?.fns ?? [], diagnostics: once(diagnostics) };
}

/** Every binding of an operator's type parameters; one empty binding if it has none. */
export function bindings(decl: OpDecl): readonly Readonly<Record<string, DType>>[] {
  let out: Record<string, DType>[] = [{}];
  for (const t of decl.typeParams)
    out = out.flatMap((b) => [...new Set(t.choices)].map((c) => ({ ...b, [t.name.name]: c })));
  return out;
}

/** The instance of an operator under a binding; undefined if the binding is none of its own or the operator has errors. */
export function instantiate(op: CheckedOp, types: Readonly<Record<string, DType>>): TOp | undefined {
  return op.instances.find((i) => {
    const own = Object.entries(i.types);
    return own.length === Object.keys(types).length && own.every(([name, t]) => types[name] === t);
  });
}

/** Each diagnostic once, in source order, errors of one place before warnings. */
function once(list: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  const failing = hasErrors(list);
  const out = list.filter((d) => {
    const id = `${d.code} ${d.span?.file} ${d.span?.start} ${d.span?.end}`;
    if (seen.has(id) || (failing && d.severity === 'warning' && d.code === 'name-unused')) return false;
    seen.add(id);
    return true;
  });
  const at = (d: Diagnostic): number => d.span?.start ?? 0;
  return out.toSorted((a, b) => (a.span?.file === b.span?.file ? at(a) - at(b) : 0));
}
