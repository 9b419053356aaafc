import type { Axis, AxisId, Expr } from './stage.ts';
import { axisRef, variable } from './build.ts';
import { mapChildren } from './walk.ts';

/** What axes and vars become. */
export interface Substitution {
  readonly axes?: ReadonlyMap<AxisId, Expr>;
  readonly vars?: ReadonlyMap<string, Expr>;
}

/** Makes identifiers that no earlier call made and `taken` does not hold. */
export function freshNames(taken: Iterable<string> = []): (base: string) => string {
  const used = new Set(taken);
  return (base) => {
    let name = base;
    for (let k = 1; used.has(name); k++) name = `${base}_${k}`;
    used.add(name);
    return name;
  };
}

/**
 * Replaces free axes and vars of `e`. With `fresh`, axes and lets bound inside are renamed too, which is needed whenever the replacements (or the
 * place that `e` goes to) may mention names that `e` binds.
 */
export function substitute(e: Expr, s: Substitution, fresh?: (base: string) => string): Expr {
  switch (e.kind) {
    case 'axis':
      return s.axes?.get(e.id) ?? e;
    case 'var':
      return s.vars?.get(e.id) ?? e;
    case 'let': {
      const value = substitute(e.value, s, fresh);
      const id = fresh === undefined ? e.id : fresh(e.id);
      const vars = new Map(s.vars ?? []);
      if (id === e.id) vars.delete(id);
      else vars.set(e.id, variable(id, e.value.type));
      return { ...e, id, value, body: substitute(e.body, { ...s, vars }, fresh) };
    }
    case 'reduce': {
      const axes = new Map(s.axes ?? []);
      const over = e.reduce.over.map((a): Axis => {
        const [lo, hi] = [substitute(a.lo, { ...s, axes }, fresh), substitute(a.hi, { ...s, axes }, fresh)];
        const id = fresh === undefined ? a.id : fresh(a.id);
        if (id === a.id) axes.delete(id);
        else axes.set(a.id, axisRef(id));
        return { ...a, id, lo, hi };
      });
      const inner = { ...s, axes };
      const postVars = new Map(s.vars ?? []);
      postVars.delete('acc');
      return {
        ...e,
        reduce: {
          ...e.reduce,
          over,
          body: substitute(e.reduce.body, inner, fresh),
          ...(e.reduce.when === undefined ? {} : { when: substitute(e.reduce.when, inner, fresh) }),
          ...(e.reduce.value === undefined ? {} : { value: substitute(e.reduce.value, s, fresh) }),
        },
        ...(e.post === undefined ? {} : { post: substitute(e.post, { ...s, vars: postVars }, fresh) }),
      };
    }
    default:
      return mapChildren(e, (c) => substitute(c, s, fresh));
  }
}

/** `axes` under new ids, and the substitution from the old ones. */
export function renameAxes(
  axes: readonly Axis[],
  fresh: (base: string) => string,
  outer: ReadonlyMap<AxisId, Expr> = new Map(),
): { readonly axes: readonly Axis[]; readonly map: ReadonlyMap<AxisId, Expr> } {
  const map = new Map(outer);
  const renamed = axes.map((a): Axis => {
    const [lo, hi] = [substitute(a.lo, { axes: map }), substitute(a.hi, { axes: map })];
    const id = fresh(a.id);
    map.set(a.id, axisRef(id));
    return { ...a, id, lo, hi };
  });
  return { axes: renamed, map };
}

/** Structural equality, spans aside. */
export function sameExpr(a: Expr, b: Expr): boolean {
  return a === b || keyOf(a) === keyOf(b);
}
/** A text that is equal for structurally equal expressions. */
export function keyOf(e: Expr): string {
  return JSON.stringify(e, (name, value: unknown) => {
    if (name === 'span') return undefined;
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
    return value;
  });
}
