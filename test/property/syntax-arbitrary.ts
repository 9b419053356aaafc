import fc from 'fast-check';
import type * as Ast from '../../src/dsl/ast.ts';
import { DTYPE_NAMES, REDUCERS } from '../../src/dsl/words.ts';

/** Random syntax trees: everything that the grammar can say, whether it means anything or not. No parentheses: the printer adds them. */
const span = { file: '', start: 0, end: 0 };
type Arb<T> = fc.Arbitrary<T>;

/** Words with a meaning elsewhere are names too; `drop - 1` in a scatter index is not among them. */
const name = fc.constantFrom(
  'x',
  'y',
  'n',
  'b1',
  '_',
  'Long_name',
  'f32',
  'from',
  'init',
  'state',
  'row',
  'pairs',
  'dim',
  'add',
  'or',
  'unique',
  'within',
  'abs',
);
const ident: Arb<Ast.Ident> = name.map((text) => ({ name: text, span }));
const typeName: Arb<Ast.Ident> = fc.constantFrom('f32', 'T', 'bf16', 'i64').map((text) => ({ name: text, span }));
const some = <T>(arb: Arb<T>, most = 3): Arb<T[]> => fc.array(arb, { minLength: 1, maxLength: most });
const few = <T>(arb: Arb<T>): Arb<T[]> => fc.array(arb, { maxLength: 3 });

const int: Arb<Ast.Expr> = fc
  .tuple(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.boolean())
  .map(([value, hex]) => ({ kind: 'int', value, hex, text: hex ? `0x${value.toString(16)}` : String(value), span }));
const float: Arb<Ast.Expr> = fc
  .constantFrom('0.0', '1.5', '2e-3', '12.25e10', '1E5')
  .map((text) => ({ kind: 'float', value: Number(text), text, span }));
const constant: Arb<Ast.Expr> = fc
  .constantFrom('inf', 'nan', 'true', 'false')
  .map((text) => ({ kind: 'const', name: text, span }));
const plainName: Arb<Ast.Expr> = ident.map((id) => ({
  kind: 'access',
  name: id,
  index: [],
  indexed: false,
  fields: [],
  span,
}));

interface Trees {
  readonly size: Ast.Expr;
  readonly domain: Ast.Domain;
  readonly binder: Ast.Binder;
  readonly index: Ast.Index;
  readonly arg: Ast.Arg;
  readonly expr: Ast.Expr;
}

const trees = fc.letrec<Trees>((tie: fc.LetrecTypedTie<Trees>) => {
  const expr = tie('expr');
  const binary = (operand: Arb<Ast.Expr>, ops: readonly Ast.BinOp[]): Arb<Ast.Expr> =>
    fc.record({
      kind: fc.constant('binary'),
      op: fc.constantFrom(...ops),
      left: operand,
      right: operand,
      span: fc.constant(span),
    });
  const indexList = some(tie('index'));
  return {
    size: fc.oneof(
      { depthSize: 'small' },
      int,
      plainName,
      binary(tie('size'), ['+', '-', '*', '/', '//', '%']),
      fc.record({ kind: fc.constant('unary'), op: fc.constant('-'), operand: tie('size'), span: fc.constant(span) }),
      fc.record({
        kind: fc.constant('call'),
        callee: fc.constantFrom('min', 'max', 'total').map((text) => ({ name: text, span })),
        args: fc.tuple(tie('arg'), tie('arg')),
        span: fc.constant(span),
      }),
    ),
    domain: fc.oneof(
      fc.record({ kind: fc.constant('extent'), size: tie('size'), span: fc.constant(span) }),
      fc.record({ kind: fc.constant('range'), lo: tie('size'), hi: tie('size'), span: fc.constant(span) }),
    ),
    binder: fc.record(
      { name: ident, domain: tie('domain'), span: fc.constant(span) },
      { requiredKeys: ['name', 'span'] },
    ),
    index: fc.record({
      policy: fc.constantFrom('none', 'clamp', 'unchecked'),
      expr: fc.oneof(
        expr,
        fc.record({
          kind: fc.constant('tuple'),
          parts: fc.array(expr, { minLength: 2, maxLength: 3 }),
          span: fc.constant(span),
        }),
      ),
      span: fc.constant(span),
    }),
    arg: fc.record(
      { name: ident, value: expr, other: expr, span: fc.constant(span) },
      { requiredKeys: ['value', 'span'] },
    ),
    expr: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      plainName,
      int,
      float,
      constant,
      binary(expr, [
        '||',
        '&&',
        '==',
        '!=',
        '<',
        '<=',
        '>',
        '>=',
        '&',
        '|',
        '^',
        '<<',
        '>>',
        '+',
        '-',
        '*',
        '/',
        '//',
        '%',
      ]),
      fc.record({
        kind: fc.constant('unary'),
        op: fc.constantFrom('-', '!', '~'),
        operand: expr,
        span: fc.constant(span),
      }),
      fc.record({
        kind: fc.constant('cast'),
        mode: fc.constantFrom('as', 'near'),
        operand: expr,
        to: typeName,
        span: fc.constant(span),
      }),
      fc.record({ kind: fc.constant('if'), cond: expr, then: expr, else: expr, span: fc.constant(span) }),
      fc.record({ kind: fc.constant('guard'), value: expr, other: expr, span: fc.constant(span) }),
      fc.record({ kind: fc.constant('strict'), operand: expr, span: fc.constant(span) }),
      fc.record(
        { kind: fc.constant('call'), callee: ident, type: typeName, args: few(tie('arg')), span: fc.constant(span) },
        { requiredKeys: ['kind', 'callee', 'args', 'span'] },
      ),
      fc.record(
        {
          kind: fc.constant('reduce'),
          reducer: fc.constantFrom(...REDUCERS),
          type: typeName,
          binders: some(tie('binder')),
          where: expr,
          args: some(tie('arg'), 2),
          span: fc.constant(span),
        },
        { requiredKeys: ['kind', 'reducer', 'binders', 'args', 'span'] },
      ),
      fc
        .record(
          {
            kind: fc.constant('access'),
            name: ident,
            list: expr,
            index: fc.oneof(fc.constant([]), indexList),
            fields: few(
              fc.record({ name: ident, index: fc.oneof(fc.constant([]), indexList), span: fc.constant(span) }),
            ),
            span: fc.constant(span),
          },
          { requiredKeys: ['kind', 'name', 'index', 'fields', 'span'] },
        )
        .map((a) => ({ ...a, indexed: a.index.length > 0 })),
    ),
  };
});

export const expr: Arb<Ast.Expr> = trees.expr;
const { size, domain } = trees;

const axis: Arb<Ast.AxisExpr> = fc.oneof(
  fc.record({
    kind: fc.constant('size'),
    size: fc.oneof(
      size,
      fc.record({
        kind: fc.constant('tuple'),
        parts: fc.array(size, { minLength: 2, maxLength: 3 }),
        span: fc.constant(span),
      }),
    ),
    span: fc.constant(span),
  }),
  fc.record({ kind: fc.constant('pack'), name: ident, span: fc.constant(span) }),
  fc.record({ kind: fc.constant('pairs'), size, span: fc.constant(span) }),
  fc.record(
    {
      kind: fc.constant('ragged'),
      name: ident,
      list: ident,
      offsets: ident,
      offsetsList: ident,
      span: fc.constant(span),
    },
    { requiredKeys: ['kind', 'name', 'offsets', 'span'] },
  ),
);
const named: Arb<Ast.TypeExpr> = fc.record({
  elem: fc.record({ kind: fc.constant('name'), name: typeName }),
  axes: few(axis),
  span: fc.constant(span),
});
const type: Arb<Ast.TypeExpr> = fc.oneof(
  named,
  fc.record({
    elem: fc.record({
      kind: fc.constant('row'),
      fields: some(fc.record({ name: ident, type: named, span: fc.constant(span) })),
      span: fc.constant(span),
    }),
    axes: few(axis),
    span: fc.constant(span),
  }),
);
const list: Arb<Ast.ListBinder> = fc.record({ index: ident, size, span: fc.constant(span) });

const bind: Arb<Ast.Lhs> = fc.record(
  { kind: fc.constant('bind'), name: ident, domain, span: fc.constant(span) },
  { requiredKeys: ['kind', 'name', 'span'] },
);
const literal: Arb<Ast.Lhs> = fc.record({
  kind: fc.constant('int'),
  value: fc.bigInt({ min: 0n, max: 99n }),
  span: fc.constant(span),
});
const lhs: Arb<Ast.Lhs> = fc.oneof(
  bind,
  literal,
  fc.record({
    kind: fc.constant('tuple'),
    parts: fc.array(fc.oneof(bind, literal), { minLength: 2, maxLength: 3 }),
    span: fc.constant(span),
  }),
);
const lhsList = fc.oneof(fc.constant([]), some(lhs));
const target: Arb<Ast.Target> = fc
  .record(
    {
      name: ident,
      list: ident,
      index: lhsList,
      field: fc.record({ name: ident, index: lhsList }),
      type: typeName,
      span: fc.constant(span),
    },
    { requiredKeys: ['name', 'index', 'span'] },
  )
  .map((t) => ({ ...t, indexed: t.index.length > 0 }));
const rhs: Arb<Ast.Rhs> = fc.oneof(
  fc.record({ kind: fc.constant('expr'), near: fc.boolean(), expr, span: fc.constant(span) }),
  fc.record(
    {
      kind: fc.constant('select'),
      op: fc.constant('topk'),
      count: size,
      axis: ident,
      body: expr,
      order: fc.constantFrom('descending', 'ascending'),
      span: fc.constant(span),
    },
    { requiredKeys: ['kind', 'op', 'count', 'axis', 'body', 'span'] },
  ),
  fc.record(
    {
      kind: fc.constant('select'),
      op: fc.constant('sort'),
      axis: ident,
      body: expr,
      order: fc.constantFrom('descending', 'ascending'),
      span: fc.constant(span),
    },
    { requiredKeys: ['kind', 'op', 'axis', 'body', 'span'] },
  ),
);
const defineAs = (isLet: Arb<boolean>): Arb<Ast.Define> =>
  fc.record(
    { kind: fc.constant('define'), isLet, targets: some(target), where: expr, rhs, span: fc.constant(span) },
    { requiredKeys: ['kind', 'isLet', 'targets', 'rhs', 'span'] },
  );
const define = defineAs(fc.boolean());

const amount = fc.constantFrom(0, 1, 0.5, 1e-5, 0.001, 1e21, 1.5e-300, 123456.789);
const tol: Arb<Ast.Tol> = fc.oneof(
  fc.record({ kind: fc.constantFrom('auto', 'exact'), span: fc.constant(span) }),
  fc.record({ kind: fc.constantFrom('ulp', 'bound'), n: amount, span: fc.constant(span) }),
  fc.record({ kind: fc.constant('absrel'), abs: amount, rel: amount, span: fc.constant(span) }),
);
const knobValue: Arb<Ast.KnobValue> = fc.oneof(
  fc.record({ kind: fc.constant('num'), value: amount, span: fc.constant(span) }),
  fc.record({
    kind: fc.constant('name'),
    value: fc.oneof(name, fc.constantFrom('true', 'inf')),
    span: fc.constant(span),
  }),
  fc.record({ kind: fc.constant('string'), value: fc.string(), span: fc.constant(span) }),
);
const knob = fc.oneof(
  fc.record({
    path: some(ident),
    fixed: fc.constant(true),
    values: fc.array(knobValue, { minLength: 1, maxLength: 1 }),
    span: fc.constant(span),
  }),
  fc.record({ path: some(ident), fixed: fc.constant(false), values: some(knobValue), span: fc.constant(span) }),
);
export const stmt: Arb<Ast.Stmt> = fc.oneof(
  define,
  fc.record({ kind: fc.constant('temp'), name: ident, type, span: fc.constant(span) }),
  fc.record(
    { kind: fc.constant('ragged'), name: ident, list: ident, index: some(ident), size: expr, span: fc.constant(span) },
    { requiredKeys: ['kind', 'name', 'index', 'size', 'span'] },
  ),
  fc.record({
    kind: fc.constant('pack'),
    name: ident,
    index: some(ident),
    from: ident,
    where: expr,
    outs: some(fc.record({ name: ident, value: expr, span: fc.constant(span) })),
    span: fc.constant(span),
  }),
  fc.record(
    {
      kind: fc.constant('scatter'),
      op: fc.constantFrom('add', 'max', 'min', 'or', 'unique'),
      target: ident,
      index: some(fc.record({ policy: fc.constantFrom('none', 'drop', 'clamp'), expr, span: fc.constant(span) })),
      where: expr,
      value: expr,
      init: expr,
      span: fc.constant(span),
    },
    { requiredKeys: ['kind', 'op', 'target', 'index', 'value', 'init', 'span'] },
  ),
  fc.record({
    kind: fc.constant('recur'),
    states: some(defineAs(fc.constant(false))),
    index: ident,
    domain,
    body: few(define),
    span: fc.constant(span),
  }),
  fc.record(
    {
      kind: fc.constant('property'),
      name: fc.string(),
      forall: few(fc.record({ name: ident, domain })),
      where: expr,
      left: expr,
      op: fc.constantFrom('~=', '==', '<='),
      right: expr,
      within: tol,
      span: fc.constant(span),
    },
    { requiredKeys: ['kind', 'name', 'forall', 'left', 'op', 'right', 'span'] },
  ),
  fc.record({ kind: fc.constant('tolerance'), name: ident, tol, span: fc.constant(span) }),
  fc.record({
    kind: fc.constant('tunable'),
    name: ident,
    values: some(fc.bigInt({ min: 0n, max: 1n << 40n })),
    span: fc.constant(span),
  }),
  fc.record(
    { kind: fc.constant('schedule'), target: ident, knobs: few(knob), span: fc.constant(span) },
    { requiredKeys: ['kind', 'knobs', 'span'] },
  ),
);

const declName = fc.oneof(
  ident,
  fc.constantFrom('softmax', 'max').map((text) => ({ name: text, span })),
);
/** Lines of documentation do not end in blanks: those are trimmed. */
const doc = some(fc.string().map((s) => s.replace(/[\r\n]/g, ' ').trimEnd())).map((lines) => lines.join('\n'));
const param: Arb<Ast.Param> = fc.record(
  {
    kind: fc.constant('param'),
    mode: fc.constantFrom('in', 'const', 'inout'),
    name: ident,
    list,
    type,
    default: expr,
    span: fc.constant(span),
  },
  { requiredKeys: ['kind', 'mode', 'name', 'type', 'span'] },
);
const item: Arb<Ast.Item> = fc.oneof(
  fc.record({ kind: fc.constant('import'), names: some(declName), from: fc.string(), span: fc.constant(span) }),
  fc
    .record(
      {
        kind: fc.constant('fn'),
        doc,
        name: ident,
        params: few(fc.record({ name: ident, type: typeName }, { requiredKeys: ['name'] })),
        result: typeName,
        lets: few(fc.record({ name: ident, value: expr, span: fc.constant(span) })),
        body: expr,
        span: fc.constant(span),
      },
      { requiredKeys: ['kind', 'name', 'params', 'lets', 'body', 'span'] },
    )
    .chain((f) =>
      f.lets.length > 0 ? fc.constant({ ...f, block: true }) : fc.boolean().map((block) => ({ ...f, block })),
    ),
  fc.record(
    {
      kind: fc.constant('op'),
      doc,
      name: declName,
      typeParams: few(
        fc.record({ name: ident, choices: some(fc.constantFrom(...DTYPE_NAMES)), span: fc.constant(span) }),
      ),
      params: some(param),
      results: few(
        fc.record(
          { kind: fc.constant('result'), name: ident, list, type, span: fc.constant(span) },
          { requiredKeys: ['kind', 'name', 'type', 'span'] },
        ),
      ),
      dims: few(fc.record({ name: ident, size, span: fc.constant(span) })),
      where: few(
        fc.record({
          op: fc.constantFrom('==', '<=', '<', '>=', '>'),
          left: size,
          right: size,
          span: fc.constant(span),
        }),
      ),
      body: few(stmt),
      span: fc.constant(span),
    },
    { requiredKeys: ['kind', 'name', 'typeParams', 'params', 'results', 'dims', 'where', 'body', 'span'] },
  ),
);
export const module: Arb<Ast.Module> = fc.record({
  kind: fc.constant('module'),
  items: few(item),
  span: fc.constant(span),
});
