import type { Module } from '../../src/dsl/ast.ts';
import type { StageGraph } from '../../src/codegen/ir/stage.ts';
import { everyStage } from '../../src/verify/roles.ts';

/** How many programs used each construct: read off the syntax tree, the stage graph and the emitted kernels, not off what a generator meant. */
export type Coverage = Map<string, number>;

export function count(coverage: Coverage, keys: Iterable<string>): void {
  for (const k of new Set(keys)) coverage.set(k, (coverage.get(k) ?? 0) + 1);
}

const named = (v: unknown): string => (typeof v === 'object' && v !== null && 'name' in v ? String(v.name) : '');

/** Constructs of a program, as `group item`. */
export function constructs(module: Module): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (v: unknown): void => {
    if (Array.isArray(v)) for (const x of v) visit(x);
    if (typeof v !== 'object' || v === null || Array.isArray(v)) return;
    const node = new Map<string, unknown>(Object.entries(v));
    const kind = node.get('kind');
    const add = (group: string, item: unknown): void => void found.add(`${group} ${String(item)}`);
    switch (kind) {
      case 'fn':
      case 'temp':
      case 'ragged':
      case 'pack':
      case 'recur':
        add('statement', node.has('from') && kind === 'pack' ? 'pack' : kind === 'pack' ? 'axis pack' : kind);
        break;
      case 'scatter':
        add('scatter', node.get('op'));
        break;
      case 'define':
        add('statement', node.get('isLet') === true ? 'let' : 'definition');
        if (node.get('where') !== undefined) add('statement', 'let where');
        break;
      case 'select':
        add('statement', `${String(node.get('op'))} ${(node.get('order') as string | undefined) ?? ''}`.trim());
        break;
      case 'param':
        if (node.get('mode') !== 'in') add('parameter', node.get('mode'));
        if (node.get('list') !== undefined) add('parameter', 'list');
        break;
      case 'result':
        if (node.get('list') !== undefined) add('result', 'list');
        break;
      case 'op':
        if (Array.isArray(node.get('typeParams')) && (node.get('typeParams') as unknown[]).length > 0)
          add('operator', 'type parameter');
        if (Array.isArray(node.get('dims')) && (node.get('dims') as unknown[]).length > 0)
          add('operator', 'derived dim');
        break;
      case 'row':
        add('axis', 'packed row');
        break;
      case 'pairs':
        add('axis', 'pairs');
        break;
      case 'tuple':
        add('axis', 'tuple');
        break;
      case 'name':
        add('element', named(node.get('name')));
        break;
      case 'reduce':
        add('reduce', node.get('reducer'));
        if (node.get('where') !== undefined) add('reduce', 'with where');
        if (node.get('type') !== undefined) add('reduce', 'with type');
        if ((node.get('binders') as unknown[]).length > 1) add('reduce', 'of several indices');
        break;
      case 'call':
        add('call', /^f\d+$/.test(named(node.get('callee'))) ? 'of a fn' : named(node.get('callee')));
        break;
      case 'binary':
      case 'unary':
        add(kind, node.get('op'));
        break;
      case 'cast':
        add(String(node.get('mode')), named(node.get('to')));
        break;
      case 'if':
      case 'guard':
      case 'strict':
        add('expression', kind);
        break;
      default:
        break;
    }
    if (typeof node.get('policy') === 'string' && node.get('policy') !== 'none') add('index', node.get('policy'));
    for (const [k, x] of node) if (k !== 'span') visit(x);
  };
  visit(module);
  return found;
}

/** Kinds of stages of a graph. */
export const stageKinds = (graph: StageGraph): readonly string[] =>
  everyStage(graph.stages).map((s) => `stage ${s.kind === 'reduce' ? `reduce ${s.reduce.op}` : s.kind}`);

/** The table at the end of a run: one group a line. */
export function coverageTable(coverage: Coverage): string {
  const groups = new Map<string, string[]>();
  for (const [key, n] of [...coverage].toSorted((a, b) => b[1] - a[1])) {
    const [group = '', ...item] = key.split(' ');
    groups.set(group, [...(groups.get(group) ?? []), `${item.join(' ')} ${n}`]);
  }
  const width = Math.max(0, ...[...groups.keys()].map((g) => g.length));
  return [...groups].map(([g, items]) => `${g.padEnd(width)}  ${items.join(', ')}`).join('\n');
}
