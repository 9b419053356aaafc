import { assertNever } from '../assert.ts';
import type { AxisExpr, Define, Expr, KnobValue, Lhs, ListBinder, Rhs, Stmt, Target, Tol, TypeExpr } from './ast.ts';
import { bracketed, concat, group, hardline, join, line, nest, tightly } from './layout.ts';
import type { Layout } from './layout.ts';
import {
  layoutAlone,
  layoutBinder,
  layoutDomain,
  layoutExpr,
  layoutIndex,
  layoutSide,
  layoutSize,
} from './print-expr.ts';
import { block } from './print-trivia.ts';
import type { Piece, Trivia } from './print-trivia.ts';

export function layoutType(t: TypeExpr): Layout {
  const elem =
    t.elem.kind === 'name'
      ? t.elem.name.name
      : concat(
          'row',
          tightly(
            '{',
            t.elem.fields.map((f) => concat(f.name.name, ': ', layoutType(f.type))),
            '}',
          ),
        );
  return t.axes.length === 0 ? elem : concat(elem, tightly('[', t.axes.map(axis), ']'));
}

function axis(a: AxisExpr): Layout {
  switch (a.kind) {
    case 'size':
      return layoutSize(a.size);
    case 'pack':
      return `*${a.name.name}`;
    case 'pairs':
      return concat('pairs(', layoutSize(a.size), ')');
    case 'ragged':
      return `~${a.name.name}${braced(a.list?.name)}(${a.offsets.name}${braced(a.offsetsList?.name)})`;
    default:
      return assertNever(a, 'axis');
  }
}
const braced = (name: string | undefined): string => (name === undefined ? '' : `{${name}}`);

export function layoutList(list: ListBinder | undefined): Layout {
  return list === undefined ? '' : concat('{', list.index.name, ' in ', layoutSize(list.size), '}');
}

/** A statement as a piece of its block. */
export function stmtPiece(s: Stmt, trivia: Trivia): Piece {
  return { span: s.span, layout: layoutStmt(s, trivia), owns: s.kind === 'recur' || s.kind === 'schedule' };
}

/** A statement; blocks hold their comments, all others have theirs before them. */
function layoutStmt(s: Stmt, trivia: Trivia): Layout {
  switch (s.kind) {
    case 'define':
      return define(s);
    case 'temp':
      return concat('let ', s.name.name, ': ', layoutType(s.type), ';');
    case 'ragged':
      return group(
        'ragged ',
        s.name.name,
        braced(s.list?.name),
        names(s.index),
        ' =',
        nest(line, layoutAlone(s.size)),
        ';',
      );
    case 'pack': {
      const outs = s.outs.map((o) => concat(o.name.name, ' = ', layoutExpr(o.value)));
      return group(
        'pack ',
        s.name.name,
        names(s.index),
        ' from ',
        s.from.name,
        ' where ',
        layoutExpr(s.where),
        ' :',
        nest(line, join(outs, concat(',', line))),
        ';',
      );
    }
    case 'scatter': {
      const index = s.index.map((i) => concat(i.policy === 'none' ? '' : `${i.policy} `, layoutIndex(i.expr)));
      return group(
        'scatter ',
        s.op,
        ' ',
        s.target.name,
        tightly('[', index, ']'),
        where(s.where),
        ' =',
        nest(line, layoutExpr(s.value), ' init ', layoutExpr(s.init)),
        ';',
      );
    }
    case 'recur': {
      const states = s.states.map((d) => ({ span: d.span, layout: concat('state ', define(d)) }));
      const body = s.body.map((d) => ({ span: d.span, layout: define(d) }));
      const loop = concat('for ', s.index.name, ' in ', layoutDomain(s.domain), ' {');
      return concat(
        block(states, trivia, s.span.start, s.domain.span.start),
        hardline,
        loop,
        nest(hardline, block(body, trivia, s.domain.span.end, s.span.end)),
        hardline,
        '}',
      );
    }
    case 'property': {
      const forall =
        s.forall.length === 0
          ? ''
          : concat(
              ' forall ',
              join(
                s.forall.map((f) => concat(f.name.name, ' in ', layoutDomain(f.domain))),
                ', ',
              ),
            );
      const within = s.within === undefined ? '' : concat(line, 'within ', tol(s.within));
      const fact = group(layoutSide(s.left), ` ${s.op}`, line, layoutSide(s.right), within);
      return group('property ', JSON.stringify(s.name), forall, where(s.where), ':', nest(line, fact), ';');
    }
    case 'tolerance':
      return `tolerance ${s.name.name} = ${tol(s.tol)};`;
    case 'tunable':
      return concat('tunable ', s.name.name, ' in ', bracketed('{', s.values.map(String), '}'), ';');
    case 'schedule': {
      const head = `schedule ${s.target === undefined ? '' : `${s.target.name} `}{`;
      if (s.knobs.length === 0) return `${head}}`;
      const knobs = s.knobs.map((k) => ({
        span: k.span,
        layout: concat(
          k.path.map((p) => p.name).join('.'),
          k.fixed ? ' = ' : ' in ',
          knobValues(k.fixed, k.values),
          ';',
        ),
      }));
      return s.knobs.length === 1
        ? group(head, nest(line, block(knobs, trivia, s.span.start, s.span.end)), line, '}')
        : concat(head, nest(hardline, block(knobs, trivia, s.span.start, s.span.end)), hardline, '}');
    }
    default:
      return assertNever(s, 'layoutStmt');
  }
}

const names = (list: readonly { readonly name: string }[]): Layout =>
  tightly(
    '[',
    list.map((n) => n.name),
    ']',
  );
const where = (e: Expr | undefined): Layout => (e === undefined ? '' : concat(' where ', layoutExpr(e)));

function define(d: Define): Layout {
  const left = concat(d.isLet ? 'let ' : '', join(d.targets.map(target), ', '), where(d.where), ' =');
  const right = d.rhs.kind === 'expr' ? d.rhs.expr.kind : 'select';
  const breaks = d.where !== undefined || right === 'binary' || right === 'if' || right === 'cast';
  return breaks ? group(left, nest(line, rhs(d.rhs)), ';') : concat(left, ' ', rhs(d.rhs), ';');
}

function rhs(r: Rhs): Layout {
  if (r.kind === 'expr') return r.near ? concat('near ', layoutExpr(r.expr)) : layoutAlone(r.expr);
  const count = r.count === undefined ? '' : concat('<', layoutSize(r.count), '>');
  return concat(
    r.op,
    count,
    `[${r.axis.name}]`,
    bracketed('(', [layoutExpr(r.body)], ')'),
    r.order === undefined ? '' : ` ${r.order}`,
  );
}

function target(t: Target): Layout {
  const field =
    t.field === undefined
      ? ''
      : concat('.', t.field.name.name, t.field.index.length === 0 ? '' : tightly('[', t.field.index.map(lhs), ']'));
  return concat(
    t.name.name,
    braced(t.list?.name),
    t.indexed ? tightly('[', t.index.map(lhs), ']') : '',
    field,
    t.type === undefined ? '' : `: ${t.type.name}`,
  );
}

function lhs(l: Lhs): Layout {
  if (l.kind === 'int') return String(l.value);
  return l.kind === 'bind' ? layoutBinder(l) : tightly('(', l.parts.map(lhs), ')');
}

function tol(t: Tol): string {
  switch (t.kind) {
    case 'auto':
    case 'exact':
      return t.kind;
    case 'ulp':
    case 'bound':
      return `${t.kind}(${number(t.n)})`;
    case 'absrel':
      return `abs ${number(t.abs)} rel ${number(t.rel)}`;
    default:
      return assertNever(t, 'tol');
  }
}

function knobValues(fixed: boolean, values: readonly KnobValue[]): Layout {
  const printed = values.map((v) =>
    v.kind === 'string' ? JSON.stringify(v.value) : v.kind === 'num' ? number(v.value) : v.value,
  );
  return fixed ? concat(...printed) : bracketed('{', printed, '}');
}

/** The shorter of `0.001` and `1e-3` where the first is long. */
function number(n: number): string {
  const plain = String(n);
  return plain.length > 6 && n.toExponential().length < plain.length ? n.toExponential() : plain;
}
