import type {
  Define,
  KnobValue,
  Lhs,
  Pack,
  Property,
  RaggedDef,
  Recur,
  Rhs,
  Scatter,
  Schedule,
  Stmt,
  Target,
  TempDecl,
  Tol,
  TypeExpr,
} from './ast.ts';
import { fail, ident, nodeSpan, only, stringValue } from './build-context.ts';
import type { Build } from './build-context.ts';
import { binder, bits, domain, expr, integer, size } from './build-expr.ts';
import { typeExpr } from './build-type.ts';
import type * as Cst from './cst.generated.ts';

export function stmt(b: Build, n: Cst.StmtCstNode): Stmt {
  const c = n.children;
  if (c.let?.[0]) return letStmt(b, c.let[0]);
  if (c.ragged?.[0]) return ragged(b, c.ragged[0]);
  if (c.pack?.[0]) return pack(b, c.pack[0]);
  if (c.scatter?.[0]) return scatter(b, c.scatter[0]);
  if (c.recur?.[0]) return recur(b, c.recur[0]);
  if (c.property?.[0]) return property(b, c.property[0]);
  if (c.tolerance?.[0])
    return {
      kind: 'tolerance',
      name: ident(b, only(c.tolerance[0].children.Id)),
      tol: tol(b, only(c.tolerance[0].children.tol)),
      span: nodeSpan(b, n),
    };
  if (c.tunable?.[0]) {
    const { Id, Int } = c.tunable[0].children;
    const values = Int.map((t) => integer(b, t, false)).flatMap((e) => (e.kind === 'int' ? [e.value] : []));
    return { kind: 'tunable', name: ident(b, only(Id)), values, span: nodeSpan(b, n) };
  }
  if (c.schedule?.[0]) return schedule(b, c.schedule[0]);
  return def(b, only(c.def));
}

/** A target as it is parsed: the type may have axes, which only a temporary may have. */
interface Parsed {
  readonly target: Target;
  readonly type?: TypeExpr;
}

function letStmt(b: Build, n: Cst.LetCstNode): Define | TempDecl {
  const { target: targets, expr: where, rhs: right } = n.children;
  const parsed = targets.map((t) => target(b, t));
  if (right?.[0]) return define(b, n, true, parsed, where?.[0], right[0]);
  const [only1, more] = parsed;
  const plain = only1?.target;
  if (
    only1?.type !== undefined &&
    more === undefined &&
    plain !== undefined &&
    !plain.indexed &&
    !plain.list &&
    !plain.field
  ) {
    return { kind: 'temp', name: plain.name, type: only1.type, span: nodeSpan(b, n) };
  }
  fail(b, 'syntax-temporary', { why: 'a `let` without a value that is no temporary' }, nodeSpan(b, n));
  return {
    kind: 'define',
    isLet: true,
    targets: parsed.map((p) => p.target),
    rhs: {
      kind: 'expr',
      near: false,
      expr: { kind: 'const', name: 'nan', span: nodeSpan(b, n) },
      span: nodeSpan(b, n),
    },
    span: nodeSpan(b, n),
  };
}

export function def(b: Build, n: Cst.DefCstNode): Define {
  const { target: targets, expr: where, rhs: right } = n.children;
  return define(
    b,
    n,
    false,
    targets.map((t) => target(b, t)),
    where?.[0],
    only(right),
  );
}

function define(
  b: Build,
  n: Cst.LetCstNode | Cst.DefCstNode,
  isLet: boolean,
  parsed: readonly Parsed[],
  where: Cst.ExprCstNode | undefined,
  right: Cst.RhsCstNode,
): Define {
  for (const { type } of parsed) {
    if (type !== undefined && (type.elem.kind === 'row' || type.axes.length > 0))
      fail(b, 'syntax-temporary', { why: 'the type of a definition has axes' }, type.span);
  }
  return {
    kind: 'define',
    isLet,
    targets: parsed.map((p) => p.target),
    ...(where ? { where: expr(b, where) } : {}),
    rhs: rhs(b, right),
    span: nodeSpan(b, n),
  };
}

function rhs(b: Build, n: Cst.RhsCstNode): Rhs {
  const { select, Near, expr: value } = n.children;
  const span = nodeSpan(b, n);
  if (!select?.[0]) return { kind: 'expr', near: Near !== undefined, expr: expr(b, only(value)), span };
  const { Topk, size: count, Id, expr: body, DescendingWord, AscendingWord } = select[0].children;
  const order = DescendingWord ? 'descending' : AscendingWord ? 'ascending' : undefined;
  return {
    kind: 'select',
    op: Topk ? 'topk' : 'sort',
    ...(count?.[0] ? { count: size(b, count[0]) } : {}),
    axis: ident(b, only(Id)),
    body: expr(b, only(body)),
    ...(order === undefined ? {} : { order }),
    span,
  };
}

function target(b: Build, n: Cst.TargetCstNode): Parsed {
  const { name, list, index, field, fieldIndex, type: written } = n.children;
  const type = written?.[0] ? typeExpr(b, written[0]) : undefined;
  const value: Target = {
    name: ident(b, only(name)),
    ...(list?.[0] ? { list: ident(b, list[0]) } : {}),
    index: index?.[0] ? lhsList(b, index[0]) : [],
    indexed: index?.[0] !== undefined,
    ...(field?.[0]
      ? { field: { name: ident(b, field[0]), index: fieldIndex?.[0] ? lhsList(b, fieldIndex[0]) : [] } }
      : {}),
    ...(type?.elem.kind === 'name' ? { type: type.elem.name } : {}),
    span: nodeSpan(b, n),
  };
  return type === undefined ? { target: value } : { target: value, type };
}

const lhsList = (b: Build, n: Cst.LhsListCstNode): readonly Lhs[] => n.children.lhs.map((l) => lhs(b, l));

function lhs(b: Build, n: Cst.LhsCstNode): Lhs {
  const { binder: bound, Int, lhs: parts } = n.children;
  const span = nodeSpan(b, n);
  if (bound?.[0]) return { kind: 'bind', ...binder(b, bound[0]) };
  const literal = Int?.[0] ? integer(b, Int[0], false) : undefined;
  if (literal?.kind === 'int') return { kind: 'int', value: literal.value, span };
  const built = (parts ?? []).map((p) => lhs(b, p));
  return built.length === 1 ? { ...only(built), span } : { kind: 'tuple', parts: built, span };
}

function ragged(b: Build, n: Cst.RaggedCstNode): RaggedDef {
  const { name, list, names, expr: value } = n.children;
  return {
    kind: 'ragged',
    name: ident(b, only(name)),
    ...(list?.[0] ? { list: ident(b, list[0]) } : {}),
    index: only(names).children.Id.map((t) => ident(b, t)),
    size: expr(b, only(value)),
    span: nodeSpan(b, n),
  };
}

function pack(b: Build, n: Cst.PackCstNode): Pack {
  const { name, names, source, expr: where, packOut } = n.children;
  return {
    kind: 'pack',
    name: ident(b, only(name)),
    index: only(names).children.Id.map((t) => ident(b, t)),
    from: ident(b, only(source)),
    where: expr(b, only(where)),
    outs: packOut.map((o) => ({
      name: ident(b, only(o.children.Id)),
      value: expr(b, only(o.children.expr)),
      span: nodeSpan(b, o),
    })),
    span: nodeSpan(b, n),
  };
}

function scatter(b: Build, n: Cst.ScatterCstNode): Scatter {
  const { op, Id, scatterIndex, domain: where, value, start } = n.children;
  const word = only(op).image;
  return {
    kind: 'scatter',
    op: word === 'max' || word === 'min' || word === 'or' || word === 'unique' ? word : 'add',
    target: ident(b, only(Id)),
    index: scatterIndex.map((i) => ({
      policy: i.children.DropWord ? 'drop' : i.children.Clamp ? 'clamp' : 'none',
      expr: expr(b, only(i.children.expr)),
      span: nodeSpan(b, i),
    })),
    ...(where?.[0] ? { where: expr(b, where[0]) } : {}),
    value: expr(b, only(value)),
    init: expr(b, only(start)),
    span: nodeSpan(b, n),
  };
}

function recur(b: Build, n: Cst.RecurCstNode): Recur {
  const { states, Id, domain: over, step } = n.children;
  const body = (step ?? []).flatMap((s): readonly Define[] => {
    const built = s.children.let?.[0] ? letStmt(b, s.children.let[0]) : def(b, only(s.children.def));
    if (built.kind === 'define') return [built];
    fail(b, 'syntax-temporary', { why: 'a temporary inside a `for` block' }, built.span);
    return [];
  });
  return {
    kind: 'recur',
    states: states.map((s) => def(b, s)),
    index: ident(b, only(Id)),
    domain: domain(b, only(over)),
    body,
    span: nodeSpan(b, n),
  };
}

function property(b: Build, n: Cst.PropertyCstNode): Property {
  const { Text, forallBinder, expr: where, left, op, right, tol: within } = n.children;
  const word = only(op).image;
  return {
    kind: 'property',
    name: stringValue(b, only(Text)),
    forall: (forallBinder ?? []).map((f) => ({
      name: ident(b, only(f.children.Id)),
      domain: domain(b, only(f.children.domain)),
    })),
    ...(where?.[0] ? { where: expr(b, where[0]) } : {}),
    left: bits(b, only(left)),
    op: word === '==' || word === '<=' ? word : '~=',
    right: bits(b, only(right)),
    ...(within?.[0] ? { within: tol(b, within[0]) } : {}),
    span: nodeSpan(b, n),
  };
}

function tol(b: Build, n: Cst.TolCstNode): Tol {
  const { AutoWord, ExactWord, UlpWord, num, relative } = n.children;
  const span = nodeSpan(b, n);
  if (AutoWord) return { kind: 'auto', span };
  if (ExactWord) return { kind: 'exact', span };
  if (relative?.[0]) return { kind: 'absrel', abs: number(only(num)), rel: number(relative[0]), span };
  return { kind: UlpWord ? 'ulp' : 'bound', n: number(only(num)), span };
}

const number = (n: Cst.NumCstNode): number => Number(only(n.children.Int ?? n.children.Float).image);

function schedule(b: Build, n: Cst.ScheduleCstNode): Schedule {
  const { Id, knob } = n.children;
  const knobs = (knob ?? []).map((k) => ({
    path: k.children.Id.map((t) => ident(b, t)),
    fixed: k.children.Equals !== undefined,
    values: (k.children.knobValue ?? []).map((v) => knobValue(b, v)),
    span: nodeSpan(b, k),
  }));
  return { kind: 'schedule', ...(Id?.[0] ? { target: ident(b, Id[0]) } : {}), knobs, span: nodeSpan(b, n) };
}

function knobValue(b: Build, n: Cst.KnobValueCstNode): KnobValue {
  const { num, Text, Id, Constant } = n.children;
  const span = nodeSpan(b, n);
  if (num?.[0]) return { kind: 'num', value: number(num[0]), span };
  if (Text?.[0]) return { kind: 'string', value: stringValue(b, Text[0]), span };
  return { kind: 'name', value: only(Id ?? Constant).image, span };
}
