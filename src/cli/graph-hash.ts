import { createHash } from 'node:crypto';
import { printGraph } from '../codegen/ir/print.ts';
import type { StageGraph } from '../codegen/ir/stage.ts';

/** Content hash of a graph: what its operator means, whatever its file and comments say. */
export function graphHash(graph: StageGraph): string {
  const { doc: _, ...meaning } = graph;
  return createHash('sha256').update(printGraph(meaning)).digest('hex').slice(0, 24);
}
