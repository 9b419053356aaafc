import { covers, disjoint, firstOverlap } from '../prove/pieces.ts';
import type { Box } from '../prove/pieces.ts';
import { prove } from '../prove/prove.ts';
import type { TExpr } from '../typed.ts';
import { report } from './context.ts';
import type { OpContext, Piece, Scope, TensorSym } from './context.ts';
import { binary, bool, not } from './make.ts';
import { expand } from './proofs.ts';
import { positional } from './targets.ts';

/** Every result and state is defined on all its points exactly once, every `inout` by one statement, every `let` in pieces without gaps. */
export function checkPieces(op: OpContext): void {
  for (const [name, progress] of op.progress) {
    const sym = op.symbols.get(name);
    if (sym?.kind === 'tensor' && !op.failed.has(name)) checkTensor(sym, progress.pieces, op);
  }
}

/** The pieces of one tensor. */
export function checkTensor(sym: TensorSym, pieces: readonly Piece[], op: OpContext): void {
  const { name } = sym;
  const [first, second] = pieces;
  if (first === undefined) {
    if (sym.role === 'inout') report(op, 'inout-undefined', { name }, sym.span);
    else if (sym.role === 'state') report(op, 'state-undefined', { name }, sym.span);
    else if (sym.role === 'temp') report(op, 'temp-undefined', { name }, sym.span);
    else report(op, 'result-undefined', { name }, sym.span);
    return;
  }
  if (sym.role === 'inout') {
    if (second !== undefined && sym.elem.kind === 'scalar')
      report(op, 'inout-twice', { name }, second.span, {
        related: [{ message: 'the first definition', span: first.span }],
      });
    return;
  }
  if (sym.elem.kind === 'scalar') return checkGroup(sym, pieces, name, op);
  for (const f of sym.elem.fields) {
    const group = pieces.filter((p) => p.field === f.name);
    if (group.length === 0) report(op, 'field-undefined', { name, field: f.name }, sym.span);
    else checkGroup(sym, group, `${name}.${f.name}`, op);
  }
}

function checkGroup(sym: TensorSym, pieces: readonly Piece[], name: string, op: OpContext): void {
  const [first] = pieces;
  if (first === undefined) return;
  // A `let` in one piece is absent where it is not defined; reads of it say so.
  if (sym.role === 'let' && pieces.length === 1) return;
  // A statement that fills the whole tensor (scatter, pack) has no sides.
  const filled = sym.axes.length === 0 ? -1 : pieces.findIndex((p) => p.sides.length === 0);
  if (pieces.length > 1 && filled >= 0) {
    const [a, b] = [first, pieces[filled === 0 ? 1 : filled]];
    report(op, 'defined-twice', { name }, (b ?? first).span, {
      related: [{ message: 'the other definition', span: a.span }],
    });
    return;
  }
  const width = first.sides.length;
  if (pieces.some((p) => p.sides.length !== width)) {
    const odd = pieces.find((p) => p.sides.length !== width);
    report(op, 'piece-flat', { name }, (odd ?? first).span);
    return;
  }
  const scope: Scope = { op, vars: new Map(), facts: [], guarded: false, size: false };
  const axes = [...Array(width).keys()].filter((k) => pieces.some((p) => p.sides[k]?.full !== true));
  const extent = (k: number): TExpr =>
    largest(
      pieces.flatMap((p) => p.sides[k]?.extent ?? []),
      op,
    ) ?? bool(true, first.span);
  const facts = [...op.facts, ...positions(pieces, width, extent)].map((f) => expand(f, scope));
  const boxes = pieces.map((p): Box =>
    axes.flatMap((k) => {
      const side = p.sides[k];
      return side === undefined
        ? []
        : [{ lo: expand(side.lo, scope), hi: expand(side.full ? extent(k) : side.hi, scope) }];
    }),
  );
  const conditional = pieces.some((p) => p.where !== undefined);
  const clash = conditional
    ? clashing(pieces, boxes, axes, facts)
    : pieces.length < 2
      ? undefined
      : axes.length === 0
        ? ([0, 1] as const)
        : firstOverlap(boxes, facts);
  if (clash !== undefined) {
    const [a, b] = [pieces[clash[0]], pieces[clash[1]]];
    const code = axes.length === 0 && !conditional ? 'defined-twice' : 'pieces-overlap';
    report(
      op,
      code,
      { name },
      (b ?? first).span,
      a === undefined ? {} : { related: [{ message: 'the other definition', span: a.span }] },
    );
    return;
  }
  const whole = axes.map(extent);
  const all = conditional
    ? prove(
        expand(
          pieces.map((p, i) => inPiece(p, boxes[i] ?? [], axes)).reduce((x, y) => binary('or', x, y)),
          scope,
        ),
        facts,
      )
    : axes.length === 0 ||
      covers(
        boxes,
        whole.map((e) => expand(e, scope)),
        facts,
      );
  if (!all) report(op, 'pieces-gap', { name, count: pieces.length }, (pieces.at(-1) ?? first).span);
}

/** Ranges of the positions. */
function positions(pieces: readonly Piece[], width: number, extent: (k: number) => TExpr): readonly TExpr[] {
  const span = pieces[0]?.span;
  if (span === undefined) return [];
  return [...Array(width).keys()].flatMap((k) => {
    const at = positional(k, span);
    const lo = pieces[0]?.sides[k]?.full === true ? pieces[0].sides[k].lo : undefined;
    const zero: TExpr = { kind: 'int', value: 0n, type: 'i64', span };
    return [binary('le', lo ?? zero, at), binary('lt', at, extent(k))];
  });
}

/** The farthest of some extents, as far as it can be told. */
function largest(list: readonly TExpr[], op: OpContext): TExpr | undefined {
  return list.reduce<TExpr | undefined>(
    (best, e) => (best === undefined || (best !== e && !prove(binary('le', e, best), op.facts)) ? e : best),
    undefined,
  );
}

const inPiece = (p: Piece, box: Box, axes: readonly number[]): TExpr => {
  const sides = box.map((b, i) => {
    const at = positional(axes[i] ?? 0, p.span);
    return binary('and', binary('le', b.lo, at), binary('lt', at, b.hi));
  });
  return [...sides, ...(p.where === undefined ? [] : [p.where])].reduce(
    (a, b) => binary('and', a, b),
    bool(true, p.span),
  );
};

function clashing(
  pieces: readonly Piece[],
  boxes: readonly Box[],
  axes: readonly number[],
  facts: readonly TExpr[],
): readonly [number, number] | undefined {
  for (let i = 0; i < pieces.length; i++) {
    for (let j = i + 1; j < pieces.length; j++) {
      const [a, b, p, q] = [boxes[i], boxes[j], pieces[i], pieces[j]];
      if (a === undefined || b === undefined || p === undefined || q === undefined) continue;
      if (axes.length > 0 && disjoint([a, b], facts)) continue;
      if (!prove(not(inPiece(q, b, axes)), [...facts, inPiece(p, a, axes)])) return [i, j];
    }
  }
  return undefined;
}
