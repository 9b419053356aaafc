import { must } from '../../assert.ts';
import { backends } from '../../backends/registry.ts';
import { readDoc } from '../../dsl/doc.ts';
import type { Command } from '../command.ts';
import type { CommonArgs, Io, Outcome } from '../context.ts';
import { EXIT } from '../exit.ts';
import { requireTarget } from '../host.ts';
import { libraryFiles, libraryOps, smallest } from '../library.ts';
import { loadFile } from '../load.ts';
import { table } from '../table.ts';

interface OpsArgs extends CommonArgs {
  readonly matrix?: readonly string[] | undefined;
}

export const ops: Command<OpsArgs> = {
  usage: 'ops',
  help: 'List the operators of the library, or what runs their kernels on each target',
  options: (y) =>
    y.option('matrix', {
      type: 'string',
      array: true,
      describe: 'targets: the pattern of every kernel of the default config on each (none named: one of each family)',
    }),
  async run(args, { io }) {
    if (args.matrix !== undefined) return matrix(io, args.matrix);
    const found = libraryFiles().flatMap((file) =>
      loadFile(io, file).checked.ops.map((o) => {
        const doc = readDoc(o.decl.doc ?? '');
        return {
          name: o.name,
          file,
          summary: doc.text.split('\n')[0] ?? '',
          source: doc.source ?? null,
          shapes: doc.shapes,
        };
      }),
    );
    return {
      exit: EXIT.ok,
      result: { ops: found },
      text: table(
        ['operator', 'what it is'],
        found.map((o) => [o.name, o.summary]),
      ),
    };
  },
};

/** Operator by target: the patterns of the default config's kernels, or why there is none. `loops` is what no pattern claims. */
async function matrix(io: Io, names: readonly string[]): Promise<Outcome> {
  const targets =
    names.length > 0
      ? await Promise.all(names.map((name) => requireTarget(name, 'emit')))
      : backends.flatMap((backend) => backend.archs.slice(-1).map((arch) => ({ backend, arch })));
  const cells = libraryOps(io).map((found) => {
    const { graph } = smallest(found, must(found.op.instances[0], 'instance'));
    const on = targets.map(({ backend, arch }) => {
      const target = `${backend.name}:${arch.name}`;
      const made = backend.emit(graph, arch, {}, { dims: {} }, 'kernel');
      return made.ok
        ? { target, patterns: made.emitted.patterns }
        : { target, patterns: [], refused: made.reasons.map((r) => r.message) };
    });
    return { operator: found.op.name, on };
  });
  return {
    exit: EXIT.ok,
    result: { matrix: cells },
    text: table(
      ['operator', ...targets.map(({ backend, arch }) => `${backend.name}:${arch.name}`)],
      cells.map((c) => [c.operator, ...c.on.map((x) => ('refused' in x ? 'refused' : x.patterns.join(', ')))]),
    ),
  };
}
