import { letIn, variable } from '../ir/build.ts';
import type { Expr, Stage, StageGraph } from '../ir/stage.ts';
import { children, freeAxes, freeVars, mapChildren, mapStage, visit } from '../ir/walk.ts';
import { freshNames } from '../ir/rewrite.ts';
import { alphaKey } from '../ir/normal.ts';

/**
 * Names what is computed more than once: `let t = e in …` around the smallest expression that holds all uses. Contract: values stay the same and
 * nothing is evaluated that was not before: a name is only introduced where one of its uses is evaluated whenever the whole is.
 */
export function share(e: Expr, fresh: (base: string) => string): Expr {
  let out = e;
  // Largest first; each round names one expression, so the number of rounds is bounded by the size.
  for (let k = 0; k < 64; k++) {
    const next = nameOne(out, fresh);
    if (next === undefined) return out;
    out = next;
  }
  return out;
}
/** Shares within every expression of a graph. */
export const shareGraph = (g: StageGraph): StageGraph => ({
  ...g,
  stages: g.stages.map((s) => mapStage(s, (e) => share(e, freshNames(varsIn(s))))),
});
function varsIn(s: Stage): readonly string[] {
  const out: string[] = [];
  mapStage(s, (e) => {
    visit(e, (x) => void ((x.kind === 'let' || x.kind === 'var') && out.push(x.id)));
    return e;
  });
  return out;
}

/** Weighs what naming saves: a leaf, a conversion of one, or plain index arithmetic is not worth a name. */
function worth(e: Expr): number {
  switch (e.kind) {
    case 'int':
    case 'float':
    case 'bool':
    case 'dim':
    case 'scalar':
    case 'axis':
    case 'var':
    case 'let':
      return 0;
    case 'reduce':
      return 1000 + e.reduce.over.length;
    case 'call':
      return 3 + sum(e);
    case 'read':
      return 1 + sum(e);
    case 'convert':
      return sum(e);
    default:
      return 1 + sum(e);
  }
}
const sum = (e: Expr): number => children(e).reduce((n, c) => n + worth(c), 0);
const ENOUGH = 4;

function nameOne(e: Expr, fresh: (base: string) => string): Expr | undefined {
  const found = new Map<string, { expr: Expr; count: number; worth: number }>();
  visit(e, (x) => {
    const w = worth(x);
    if (w < ENOUGH) return;
    const key = alphaKey(x);
    const known = found.get(key);
    if (known === undefined) found.set(key, { expr: x, count: 1, worth: w });
    else known.count++;
  });
  const candidates = [...found].filter(([, f]) => f.count > 1).sort(([, a], [, b]) => b.worth - a.worth);
  for (const [key, f] of candidates) {
    const next = place(e, key, f.expr, fresh);
    if (next !== undefined) return next;
  }
  return undefined;
}

/** Puts the `let` around the smallest expression that holds two uses or more, one of them certain to be evaluated. */
function place(e: Expr, key: string, target: Expr, fresh: (base: string) => string): Expr | undefined {
  let done: Expr | undefined;
  const deeper = mapChildren(e, (c) => {
    if (done !== undefined || uses(c, key) < 2) return c;
    const next = place(c, key, target, fresh);
    if (next === undefined) return c;
    done = next;
    return next;
  });
  if (done !== undefined) return deeper;
  if (uses(e, key) < 2 || alphaKey(e) === key || !certain(e, key) || !closed(e, target)) return undefined;
  const id = fresh('t');
  const replace = (x: Expr): Expr => (alphaKey(x) === key ? variable(id, target.type) : mapChildren(x, replace));
  return letIn(id, target, mapChildren(e, replace));
}
function uses(e: Expr, key: string): number {
  if (alphaKey(e) === key) return 1;
  return children(e).reduce((n, c) => n + uses(c, key), 0);
}

/** Operands that are evaluated whenever the expression is. */
function strict(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case 'select':
      return [e.cond];
    case 'binary':
      return e.op === 'and' || e.op === 'or' ? [e.a] : [e.a, e.b];
    case 'reduce':
      return [
        ...e.reduce.over.slice(0, 1).flatMap((a) => [a.lo, a.hi]),
        ...(e.reduce.value === undefined ? [] : [e.reduce.value]),
        ...(e.post === undefined ? [] : [e.post]),
      ];
    default:
      return children(e);
  }
}
function certain(e: Expr, key: string): boolean {
  if (alphaKey(e) === key) return true;
  return strict(e).some((c) => certain(c, key));
}
/** True where nothing that `target` mentions is bound between `e` and its uses: names are unique, so a binder below that binds one tells. */
function closed(e: Expr, target: Expr): boolean {
  const [axes, vars] = [freeAxes(target), freeVars(target)];
  let ok = true;
  visit(e, (x) => {
    if (x.kind === 'let' && vars.has(x.id)) ok = false;
    if (x.kind === 'reduce' && x.reduce.over.some((a) => axes.has(a.id))) ok = false;
    if (x.kind === 'reduce' && x.post !== undefined && vars.has('acc')) ok = false;
  });
  return ok;
}
