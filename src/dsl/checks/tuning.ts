import type { Schedule, Tolerance, Tunable } from '../ast.ts';
import type { TSchedule } from '../typed.ts';
import { report } from './context.ts';
import type { OpContext } from './context.ts';
import { nearest } from './names.ts';

/** Families of targets that a schedule may be written for. */
const FAMILIES = ['cpp', 'cuda', 'hip', 'triton', 'mtia'];

/** `tolerance y = …;` names a result or an `inout`, once. */
export function checkTolerance(d: Tolerance, seen: ReadonlySet<string>, op: OpContext): boolean {
  const name = d.name.name;
  const sym = op.symbols.get(name);
  if (sym?.kind !== 'tensor' || (sym.role !== 'result' && sym.role !== 'inout')) {
    const known = nearest(
      name,
      [...op.symbols.values()].flatMap((x) =>
        x.kind === 'tensor' && (x.role === 'result' || x.role === 'inout') ? [x.name] : [],
      ),
    );
    report(op, 'tolerance-name', { name, ...(known === undefined ? {} : { known }) }, d.name.span);
    return false;
  }
  if (seen.has(name)) report(op, 'tuning-twice', { what: 'tolerance', name }, d.span);
  return !seen.has(name);
}

/** `tunable BN in {64, 128};`: a new name, values without repetition. */
export function checkTunable(d: Tunable, seen: ReadonlySet<string>, op: OpContext): boolean {
  const name = d.name.name;
  if (seen.has(name)) report(op, 'tuning-twice', { what: 'tunable', name }, d.name.span);
  if (new Set(d.values).size !== d.values.length) report(op, 'tuning-value', { name }, d.span);
  return !seen.has(name);
}

/** A schedule block: known family, each knob once, values of one kind without repetition. */
export function checkSchedule(d: Schedule, op: OpContext): TSchedule {
  const target = d.target?.name;
  if (d.target !== undefined && !FAMILIES.includes(d.target.name)) {
    const known = nearest(d.target.name, FAMILIES);
    report(
      op,
      'schedule-target',
      { name: d.target.name, families: FAMILIES, ...(known === undefined ? {} : { known }) },
      d.target.span,
    );
  }
  const seen = new Set<string>();
  const knobs = d.knobs.map((k) => {
    const path = k.path.map((p) => p.name).join('.');
    if (seen.has(path)) report(op, 'tuning-twice', { what: 'knob', name: path }, k.span);
    seen.add(path);
    const texts = k.values.map((v) => `${v.kind}:${v.value}`);
    if (new Set(texts).size !== texts.length || new Set(k.values.map((v) => v.kind)).size > 1)
      report(op, 'tuning-value', { name: path }, k.span);
    return { path, fixed: k.fixed, values: k.values, span: k.span };
  });
  return { ...(target === undefined ? {} : { target }), knobs };
}
