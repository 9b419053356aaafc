import { assertNever } from '../../assert.ts';
import { widen } from '../../dsl/dtypes.ts';
import type { ValueType } from '../../dsl/dtypes.ts';
import { isComparison } from './build.ts';
import { printExpr } from './print.ts';
import type { AxisId, Buffer, Expr, Place, Reduce, Stage, StageGraph } from './stage.ts';
import { stageReads, stageWrites } from './walk.ts';

interface Scope {
  readonly axes: ReadonlySet<AxisId>;
  readonly vars: ReadonlyMap<string, ValueType>;
}
interface Context {
  readonly dims: ReadonlySet<string>;
  readonly scalars: ReadonlySet<string>;
  readonly buffers: ReadonlyMap<string, Buffer>;
  readonly normal: boolean;
  readonly problem: (text: string) => void;
}

/**
 * What must hold of every stage graph: unique ids, names in scope, ranks and types that agree, reads of what was written before, no access of a
 * result before its stage. Yields one line a problem, none for a sound graph. `inlined` graphs may hold `reduce` expressions.
 */
export function verifyGraph(g: StageGraph, options: { readonly inlined?: boolean } = {}): readonly string[] {
  const problems: string[] = [];
  const buffers = new Map(g.buffers.map((b) => [b.id, b]));
  const c: Context = {
    dims: new Set(g.dims.map((d) => d.id)),
    scalars: new Set(g.scalars.map((s) => s.name)),
    buffers,
    normal: options.inlined !== true,
    problem: (text) => void problems.push(text),
  };
  if (buffers.size !== g.buffers.length) problems.push('two buffers have one id');
  const stages = g.stages.flatMap((s) => (s.kind === 'recur' ? [s, ...s.body] : [s]));
  if (new Set(stages.map((s) => s.id)).size !== stages.length) problems.push('two stages have one id');
  const empty: Scope = { axes: new Set(), vars: new Map() };
  for (const d of g.dims) if (d.derived !== undefined) checkExpr(c, d.derived, empty, `dim ${d.id}`, 'i64');
  for (const f of g.facts) checkExpr(c, f.cond, empty, `fact ${f.text}`, 'bool');
  for (const b of g.buffers) {
    const scope = b.list === undefined ? empty : { ...empty, axes: new Set([b.list.elem]) };
    if (b.list !== undefined) checkExpr(c, b.list.count, empty, b.id, 'i64');
    if (b.virtual !== true) for (const s of b.shape) checkExpr(c, s, scope, `shape of ${b.id}`, 'i64');
  }
  for (const s of g.stages) checkStage(c, s, empty);
  checkOrder(g, problems);
  return problems;
}

/** Throws on an unsound graph: for use after each pass in tests and debug runs. */
export function assertGraph(g: StageGraph, options: { readonly inlined?: boolean } = {}): StageGraph {
  const problems = verifyGraph(g, options);
  if (problems.length > 0) throw new Error(`internal: graph ${g.name}: ${problems.join('; ')}`);
  return g;
}

function checkOrder(g: StageGraph, problems: string[]): void {
  const written = new Set(g.buffers.filter((b) => b.role === 'in' || b.role === 'inout').map((b) => b.id));
  const needed = new Map<string, number>();
  g.stages.forEach((s, i) => stageWrites(s).forEach((b) => needed.set(b, i)));
  g.stages.forEach((s, i) => {
    const own = new Set(s.kind === 'recur' ? [...s.states, ...stageWrites(s)] : []);
    for (const r of stageReads(s)) {
      if (own.has(r.buf) || written.has(r.buf)) continue;
      const last = needed.get(r.buf);
      if (last === undefined) problems.push(`${s.id} reads ${r.buf}, which nothing writes`);
      else if (last >= i) problems.push(`${s.id} reads ${r.buf} before it is written`);
    }
    if (s.kind === 'recur') checkBody(s, problems);
  });
  for (const b of g.buffers) {
    if (b.role === 'in' && needed.has(b.id)) problems.push(`input ${b.id} is written`);
    if (b.role !== 'in' && b.role !== 'inout' && !needed.has(b.id)) problems.push(`${b.id} is never written`);
  }
}
function checkBody(s: Extract<Stage, { kind: 'recur' }>, problems: string[]): void {
  const states = new Set(s.states);
  const last = new Map(s.body.flatMap((b, i) => stageWrites(b).map((w) => [w, i] as const)));
  s.body.forEach((b, i) => {
    for (const r of stageReads(b))
      if (!states.has(r.buf) && (last.get(r.buf) ?? -1) >= i)
        problems.push(`${b.id} reads ${r.buf} before the step writes it`);
  });
}

function checkStage(c: Context, s: Stage, outer: Scope): void {
  const at = s.id;
  const scope = bind(c, s.axes, outer, at);
  if (s.where !== undefined) checkExpr(c, s.where, scope, at, 'bool');
  switch (s.kind) {
    case 'map':
      checkExpr(c, s.value, scope, at, checkPlace(c, s.out, scope, at));
      return;
    case 'reduce': {
      const type = checkReduce(c, s.reduce, scope, at);
      checkResult(c, s.post, type, scope, at, checkPlace(c, s.out, scope, at));
      return;
    }
    case 'scan': {
      if (s.axes.at(-1)?.id !== s.at) c.problem(`${at}: the scanned axis ${s.at} is not the innermost`);
      const inner = bind(c, [s.along], scope, at);
      if (s.when !== undefined) checkExpr(c, s.when, inner, at, 'bool');
      checkExpr(c, s.body, inner, at, widen(s.acc));
      expect(c, checkPlace(c, s.out, scope, at), widen(s.acc), at);
      return;
    }
    case 'scatter': {
      const type = checkPlace(c, s.out, scope, at);
      checkExpr(c, s.value, scope, at, type);
      checkExpr(c, s.init, outer, at, type);
      return;
    }
    case 'offsets':
      if (s.list !== undefined) checkExpr(c, s.list, scope, at, 'i64');
      checkExpr(c, s.size, scope, at, 'i64');
      return;
    case 'pack': {
      const inner = bind(c, [s.from], scope, at);
      checkExpr(c, s.when, inner, at, 'bool');
      for (const o of s.outs) checkExpr(c, o.value, inner, at, typeOfBuffer(c, o.buf, at));
      return;
    }
    case 'select': {
      const type = checkExpr(c, s.body, bind(c, [s.along], scope, at), at);
      const slot = bind(c, [s.slot], scope, at);
      if (s.values !== undefined) expect(c, checkPlace(c, s.values, slot, at), type, at);
      if (s.indices !== undefined) expect(c, checkPlace(c, s.indices, slot, at), 'i64', at);
      return;
    }
    case 'recur': {
      if (s.axes.length > 0) c.problem(`${at}: a recurrence has axes`);
      const inner = bind(c, [s.step], scope, at);
      for (const b of s.body) checkStage(c, b, inner);
      return;
    }
    default:
      assertNever(s, 'checkStage');
  }
}

function bind(
  c: Context,
  axes: readonly { readonly id: AxisId; readonly lo: Expr; readonly hi: Expr }[],
  outer: Scope,
  at: string,
): Scope {
  const bound = new Set(outer.axes);
  for (const a of axes) {
    const scope = { ...outer, axes: bound };
    checkExpr(c, a.lo, scope, at, 'i64');
    checkExpr(c, a.hi, scope, at, 'i64');
    if (bound.has(a.id)) c.problem(`${at}: axis ${a.id} is bound twice`);
    bound.add(a.id);
  }
  return { ...outer, axes: bound };
}
function typeOfBuffer(c: Context, id: string, at: string): ValueType | undefined {
  const b = c.buffers.get(id);
  if (b === undefined) c.problem(`${at}: unknown buffer ${id}`);
  return b === undefined ? undefined : widen(b.dtype);
}
/** Checks ranks and yields the arithmetic type of what is stored there. */
function checkPlace(c: Context, p: Place, scope: Scope, at: string): ValueType | undefined {
  for (const e of p.index) checkExpr(c, e, scope, at, 'i64');
  if (p.list !== undefined) checkExpr(c, p.list, scope, at, 'i64');
  const b = c.buffers.get(p.buf);
  if (b === undefined) return typeOfBuffer(c, p.buf, at);
  if ((b.list === undefined) !== (p.list === undefined))
    c.problem(`${at}: ${p.buf} ${b.list === undefined ? 'is no list' : 'is a list'}`);
  const field = p.field === undefined ? undefined : b.row?.find((f) => f.name === p.field);
  if (p.field !== undefined && field === undefined) c.problem(`${at}: ${p.buf} has no field ${p.field}`);
  const rank = b.shape.length + (field?.shape.length ?? 0);
  if (rank !== p.index.length) c.problem(`${at}: ${p.buf} has rank ${rank}, indexed by ${p.index.length}`);
  return widen(field?.dtype ?? b.dtype);
}
function expect(c: Context, found: ValueType | undefined, wanted: ValueType | undefined, at: string, text = ''): void {
  if (found !== undefined && wanted !== undefined && found !== wanted)
    c.problem(`${at}: ${found} where ${wanted} is needed${text === '' ? '' : ` in ${text}`}`);
}
function checkResult(
  c: Context,
  post: Expr | undefined,
  type: ValueType,
  scope: Scope,
  at: string,
  wanted: ValueType | undefined,
): void {
  if (post === undefined) expect(c, type, wanted, at);
  else checkExpr(c, post, { ...scope, vars: new Map([...scope.vars, ['acc', type]]) }, at, wanted);
}

/** Result type of the fold itself. */
export function reduceType(r: Reduce): ValueType {
  switch (r.op) {
    case 'count':
    case 'argmax':
    case 'argmin':
    case 'first':
    case 'lower':
    case 'upper':
      return 'i64';
    case 'and':
    case 'or':
      return r.acc === 'bool' ? 'bool' : widen(r.acc);
    default:
      return widen(r.acc);
  }
}
function checkReduce(c: Context, r: Reduce, scope: Scope, at: string): ValueType {
  const inner = bind(c, r.over, scope, at);
  if (r.when !== undefined) checkExpr(c, r.when, inner, at, 'bool');
  const free = r.op === 'argmax' || r.op === 'argmin' || r.op === 'lower' || r.op === 'upper';
  const body = checkExpr(
    c,
    r.body,
    inner,
    at,
    free ? undefined : r.op === 'count' || r.op === 'first' ? 'bool' : widen(r.acc),
  );
  if ((r.value !== undefined) !== (r.op === 'lower' || r.op === 'upper'))
    c.problem(`${at}: ${r.op} and a searched value`);
  if (r.value !== undefined) checkExpr(c, r.value, scope, at, body);
  if (r.over.length === 0) c.problem(`${at}: a fold over nothing`);
  return reduceType(r);
}

/** Names, ranks and types of an expression; yields its type. */
function checkExpr(c: Context, e: Expr, scope: Scope, at: string, wanted?: ValueType): ValueType {
  expect(c, e.type, wanted, at, printExpr(e));
  const go = (x: Expr, type?: ValueType): ValueType => checkExpr(c, x, scope, at, type);
  switch (e.kind) {
    case 'int':
    case 'float':
    case 'bool':
      break;
    case 'dim':
      if (!c.dims.has(e.id)) c.problem(`${at}: unknown dim ${e.id}`);
      if (e.list !== undefined) go(e.list, 'i64');
      break;
    case 'scalar':
      if (!c.scalars.has(e.name)) c.problem(`${at}: unknown scalar ${e.name}`);
      break;
    case 'axis':
      if (!scope.axes.has(e.id)) c.problem(`${at}: axis ${e.id} is not in scope`);
      break;
    case 'var': {
      const type = scope.vars.get(e.id);
      if (type === undefined) c.problem(`${at}: ${e.id} is not in scope`);
      expect(c, e.type, type, at, e.id);
      break;
    }
    case 'read':
      expect(c, e.type, checkPlace(c, e, scope, at), at, printExpr(e));
      break;
    case 'unary':
      go(e.a, e.op === 'not' ? 'bool' : e.type);
      break;
    case 'binary':
      if (e.op === 'and' || e.op === 'or') [e.a, e.b].forEach((x) => go(x, 'bool'));
      else if (e.op === 'shl' || e.op === 'shr') {
        go(e.a, e.type);
        go(e.b);
      } else if (isComparison(e.op)) go(e.b, go(e.a));
      else [e.a, e.b].forEach((x) => go(x, e.type));
      break;
    case 'call':
      e.args.forEach((x) => go(x));
      break;
    case 'bitcast':
    case 'cast':
    case 'convert':
    case 'strict':
      go(e.a, e.kind === 'strict' ? e.type : undefined);
      break;
    case 'select':
      go(e.cond, 'bool');
      go(e.then, e.type);
      go(e.else, e.type);
      break;
    case 'let': {
      const type = go(e.value);
      checkExpr(c, e.body, { ...scope, vars: new Map([...scope.vars, [e.id, type]]) }, at, e.type);
      break;
    }
    case 'reduce':
      if (c.normal) c.problem(`${at}: a fold inside an expression`);
      checkResult(c, e.post, checkReduce(c, e.reduce, scope, at), scope, at, e.type);
      break;
    default:
      assertNever(e, 'checkExpr');
  }
  return e.type;
}
