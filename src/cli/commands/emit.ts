import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { readLock, findLocked } from '../../store/lock-file.ts';
import { fromDiff, showConfig } from '../../codegen/space/config.ts';
import type { Config, Space } from '../../codegen/space/space.ts';
import type { Emitted } from '../../codegen/program.ts';
import { abiJson } from '../abi-json.ts';
import type { Command } from '../command.ts';
import { configFrom } from '../config-arg.ts';
import type { CommonArgs, Io } from '../context.ts';
import { EXIT } from '../exit.ts';
import { graphHash } from '../graph-hash.ts';
import { requireTarget } from '../host.ts';
import type { Target } from '../host.ts';
import { loadRight } from '../load.ts';
import { withConfig, withSubject, withTarget } from '../options.ts';
import { choose } from '../subject.ts';
import type { Chosen, SubjectArgs } from '../subject.ts';
import { cannotWrite, UserError } from '../user-error.ts';

interface Args extends CommonArgs, SubjectArgs {
  readonly file: string;
  readonly target: string;
  readonly config: readonly string[] | undefined;
  readonly out: string | undefined;
}

export const emit: Command<Args> = {
  usage: 'emit <file>',
  help: 'Write the kernel of a config: the one that ktune.lock pins for the shape, else the default',
  options: (y) =>
    withConfig(withTarget(withSubject(y))).option('out', {
      type: 'string',
      describe: 'file for the kernel; its ABI goes beside it (stdout if absent)',
    }),
  async run(args, { io }) {
    const chosen = choose(loadRight(io, args.file), args);
    const target = await requireTarget(args.target, 'emit');
    const space = target.backend.space(chosen.graph, target.arch, { dims: chosen.sizes });
    const config =
      args.config === undefined
        ? (pinned(io, chosen, target, space) ?? configFrom(space, undefined))
        : configFrom(space, args.config);
    const plain = emitOrFail(chosen, target, config);
    const emitted = { ...plain, text: (await target.backend.formatted?.(plain.text)) ?? plain.text };
    const result = {
      op: chosen.op.name,
      target: target.name,
      config,
      entry: emitted.entry,
      patterns: emitted.patterns,
      abi: abiJson(emitted.abi),
      text: emitted.text,
    };
    if (args.out === undefined) return { exit: EXIT.ok, result, text: emitted.text };
    const written = writeKernel(io, args.out, emitted);
    return {
      exit: EXIT.ok,
      result: { ...result, files: written },
      text: `${showConfig(space, config)}\n${written.join('\n')}`,
    };
  },
};

/** The config that the lock file has for the shape that was asked for. */
function pinned(io: Io, chosen: Chosen, target: Target, space: Space): Config | undefined {
  if (Object.keys(chosen.sizes).length === 0) return undefined;
  const lock = readLock(resolve(io.cwd, 'ktune.lock'));
  if (!lock.ok) throw new UserError(lock.problem, EXIT.usage);
  const entry = findLocked(lock.value, {
    op: chosen.op.name,
    graph: graphHash(chosen.graph),
    target: target.name,
    dims: chosen.sizes,
  });
  if (entry === undefined || entry.fingerprint !== space.fingerprint) return undefined;
  const config = fromDiff(space, entry.config);
  return config.ok ? config.config : undefined;
}

export function emitOrFail(chosen: Chosen, target: Target, config: Config): Emitted {
  const result = target.backend.emit(
    chosen.graph,
    target.arch,
    config,
    { dims: chosen.sizes },
    `ktune_${chosen.op.name}`,
  );
  if (result.ok) return result.emitted;
  throw new UserError(
    diagnostic('emit-refused', { target: target.name, reasons: result.reasons.map((r) => r.message).join('; ') }),
    EXIT.usage,
  );
}

/** Writes the kernel to `path`, and its ABI as JSON beside it. */
export function writeKernel(io: Io, path: string, emitted: Emitted): readonly string[] {
  const abi = `${path.replace(/\.\w+$/, '')}.abi.json`;
  try {
    mkdirSync(dirname(resolve(io.cwd, path)), { recursive: true });
    writeFileSync(resolve(io.cwd, path), emitted.text);
    writeFileSync(resolve(io.cwd, abi), `${JSON.stringify(abiJson(emitted.abi), null, 2)}\n`);
  } catch (error) {
    throw cannotWrite(path, error, EXIT.usage);
  }
  return [path, abi];
}
