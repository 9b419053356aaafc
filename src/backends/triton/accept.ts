import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Emitted } from '../../codegen/program.ts';
import type { Acceptance } from '../backend.ts';
import type { TritonArch } from './arch.ts';
import { INSTALL, PACKAGES, python, tritonCompile } from './toolchain.ts';

const COMPILER = fileURLToPath(new URL('../../../native/triton/compiler.py', import.meta.url));
const LIMIT_MS = 180_000;

const metrics = z.object({
  kernel: z.string(),
  registers: z.number().optional(),
  accumulators: z.number().optional(),
  spillBytes: z.number().optional(),
  sharedBytes: z.number().optional(),
  occupancy: z.number().optional(),
});
const answer = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    binary: z.string(),
    listing: z.string(),
    metrics: z.array(metrics),
    ms: z.number(),
  }),
  z.object({ ok: z.literal(false), log: z.string() }),
]);

/** A process that compiles one module after the other: starting it takes longer than most of them. */
interface Worker {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines: AsyncIterator<string>;
  readonly log: string;
}
let worker: Worker | undefined;
let queue: Promise<unknown> = Promise.resolve();

function start(dir: string): Worker {
  const log = join(dir, `triton-compiler.${process.pid}.log`);
  // What compilers print goes to a file.
  const child = spawn(python(), [COMPILER], { stdio: ['pipe', 'pipe', openSync(log, 'w')] });
  const typed = child as ChildProcessWithoutNullStreams;
  // A process that ended says so by the end of its answers.
  for (const x of [typed, typed.stdin]) x.on('error', () => undefined);
  const lines = createInterface({ input: typed.stdout })[Symbol.asyncIterator]();
  return { child: typed, lines, log };
}
/** Lets this process end while the worker waits, or not. */
function hold(w: Worker, held: boolean): void {
  const pipes = [w.child, w.child.stdin, w.child.stdout] as readonly { ref?: () => void; unref?: () => void }[];
  for (const x of pipes) (held ? x.ref : x.unref)?.call(x);
}

/** Triton's compiler on the text for the real architecture, which need not be there: every kernel that a call launches, with what it needs. */
export function acceptTriton(
  arch: TritonArch,
  emitted: Emitted,
  outDir: string,
  signal?: AbortSignal,
): Promise<Acceptance> {
  const next = queue.then(() => accept(arch, emitted, outDir, signal));
  queue = next.catch(() => undefined);
  return next;
}

async function accept(
  arch: TritonArch,
  emitted: Emitted,
  outDir: string,
  signal: AbortSignal | undefined,
): Promise<Acceptance> {
  if (!existsSync(python())) return { ok: false, kind: 'missing', log: `there is no ${python()}: ${INSTALL}` };
  const module = tritonCompile([emitted], outDir);
  if (!module.ok) return module;
  const { path, entries } = module.compiled;
  const target = { ...arch.target, shared: arch.figures['sharedBytes']?.value };
  const request = { path, entry: entries[0], target, out: `${path.replace(/\.py$/, '')}_${arch.name}` };
  worker ??= start(outDir);
  const w = worker;
  hold(w, true);
  const stop = (): void => void w.child.kill('SIGKILL');
  const late = setTimeout(stop, LIMIT_MS);
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  w.child.stdin.write(`${JSON.stringify(request)}\n`);
  const line = await w.lines.next();
  clearTimeout(late);
  signal?.removeEventListener('abort', stop);
  if (line.done === true) {
    worker = undefined;
    const log = existsSync(w.log) ? readFileSync(w.log, 'utf8').slice(-4000) : 'Triton’s compiler ended';
    return { ok: false, kind: w.child.killed ? 'timeout' : 'error', log };
  }
  hold(w, false);
  const parsed = answer.parse(JSON.parse(line.value));
  if (!parsed.ok) return { ok: false, kind: 'error', log: parsed.log };
  const { binary, listing, ms } = parsed;
  const kernels = parsed.metrics.map(({ kernel, ...figures }) => ({
    kernel,
    ...Object.fromEntries(Object.entries(figures).filter(([, v]) => v !== undefined)),
  }));
  return { ok: true, binary, listing, metrics: kernels, ms, compiler: PACKAGES[0] };
}
