import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { assertNever } from '../assert.ts';
import { replySchema, resultSchemas } from './protocol.ts';
import type { Answer, Fault, Op, Request, Result } from './protocol.ts';

export type RequestOf<O extends Op> = Extract<Request, { readonly op: O }>;

/** A supervised runner process. Requests are served one at a time in the order given; each is answered, whatever the kernels do. */
export interface Runner {
  /** The result, or the fault that prevented it. Never rejects and never hangs: a silent process is killed at its limit and replaced. */
  request<O extends Op>(request: RequestOf<O>): Promise<Answer<O>>;
  /** Ends the process: the next request meets a fresh one that knows the same libraries and arrays. For devices that stay broken after a fault. */
  renew(): Promise<void>;
  /** How often the process had to be replaced. */
  restarts(): number;
  /** Ends the process; requests after that are answered with a fault. */
  close(): Promise<void>;
}

export interface RunnerOptions {
  readonly command: string;
  readonly args?: readonly string[];
  /** CPU to pin to; the last allowed one by default. */
  readonly cpu?: number;
  /** How long the process may stay silent beyond the limit of a request before it is killed; milliseconds. */
  readonly graceMs?: number;
  /** How long the process may take to come up; milliseconds. Scripts import their libraries first. */
  readonly startMs?: number;
}

/** A kernel counts its limit in CPU time; on a busy machine that takes longer on the clock. */
const WALL_PER_CPU = 5;

/** How long a request may take; requests that run kernels carry their own limit. */
function limitOf(request: Request): number {
  switch (request.op) {
    case 'run':
    case 'time':
      return WALL_PER_CPU * request.limitMs;
    case 'lock':
      return request.limitMs;
    case 'probe':
      return request.ms + 10_000;
    case 'load':
    case 'fill':
    case 'read':
    case 'gather':
    case 'hash':
      return 60_000;
    case 'hello':
    case 'alloc':
    case 'free':
    case 'unload':
    case 'unlock':
      return 10_000;
    case 'quit':
      return 500;
    default:
      return assertNever(request, 'limitOf');
  }
}

type Reply = { readonly kind: 'line'; readonly line: string } | { readonly kind: 'ended' } | { readonly kind: 'late' };

interface Live {
  readonly child: ChildProcess;
  readonly ended: Promise<string>;
  hasEnded: boolean;
  pending: ((line: string | undefined) => void) | undefined;
  stderr: string;
}

function launch(options: RunnerOptions): Live {
  const child = spawn(options.command, [...(options.args ?? []), String(process.pid)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let finish: (how: string) => void = () => {};
  const live: Live = {
    child,
    ended: new Promise((resolve) => (finish = resolve)),
    hasEnded: false,
    pending: undefined,
    stderr: '',
  };
  const end = (how: string): void => {
    live.hasEnded = true;
    finish(how);
    live.pending?.(undefined);
  };
  child.on('error', (error) => end(error.message));
  child.on('close', (code, signal) => end(signal === null ? `exit code ${String(code)}` : `killed by ${signal}`));
  child.stdin.on('error', () => {});
  child.stderr.on('data', (chunk: Buffer) => (live.stderr = (live.stderr + chunk.toString()).slice(-2000)));
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    rest += chunk.toString();
    for (let at = rest.indexOf('\n'); at >= 0; at = rest.indexOf('\n')) {
      const line = rest.slice(0, at);
      rest = rest.slice(at + 1);
      live.pending?.(line);
    }
  });
  return live;
}

/** Kills the process and whatever it started. */
function kill(live: Live): void {
  if (live.hasEnded || live.child.pid === undefined) return;
  try {
    process.kill(-live.child.pid, 'SIGKILL');
  } catch {
    live.child.kill('SIGKILL');
  }
}

/** Starts no process yet: the first request does. */
export function createRunner(options: RunnerOptions): Runner {
  const grace = options.graceMs ?? 2_000;
  /** Requests that rebuild what a replaced process must know again: libraries, buffers and their contents, in order. */
  const state = new Map<string, Request>();
  let live: Live | undefined;
  let nextId = 1;
  let starts = 0;
  let closed = false;
  let queue: Promise<unknown> = Promise.resolve();

  async function exchange<O extends Op>(on: Live, request: RequestOf<O>): Promise<Answer<O>> {
    const id = nextId++;
    const limit = (request.op === 'hello' ? (options.startMs ?? limitOf(request)) : limitOf(request)) + grace;
    let timer: NodeJS.Timeout | undefined;
    const reply = await new Promise<Reply>((resolve) => {
      timer = setTimeout(() => resolve({ kind: 'late' }), limit);
      on.pending = (line) => {
        if (line === undefined) resolve({ kind: 'ended' });
        else if (line.startsWith(`{"id":${id},`)) resolve({ kind: 'line', line });
      };
      if (on.hasEnded) resolve({ kind: 'ended' });
      else on.child.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    });
    clearTimeout(timer);
    on.pending = undefined;
    if (reply.kind === 'late') {
      kill(on);
      await on.ended;
      live = undefined;
      return {
        ok: false,
        fault:
          request.op === 'run' || request.op === 'time'
            ? { kind: 'timeout', ms: limit }
            : { kind: 'died', detail: `no answer to ${request.op} within ${limit} ms`, started: true },
      };
    }
    if (reply.kind === 'ended') {
      const how = await on.ended;
      live = undefined;
      return {
        ok: false,
        fault: {
          kind: 'died',
          detail: [how, on.stderr.trim()].filter((x) => x !== '').join(': '),
          started: request.op !== 'hello',
        },
      };
    }
    return read(on, request.op, reply.line);
  }

  async function read<O extends Op>(on: Live, op: O, line: string): Promise<Answer<O>> {
    const parsed = replySchema.safeParse(parseJson(line));
    if (!parsed.success)
      return { ok: false, fault: { kind: 'refused', message: `malformed reply to ${op}: ${line.slice(0, 200)}` } };
    const reply = parsed.data;
    if (!reply.ok) {
      if (reply.fault.kind === 'crash') {
        kill(on);
        await on.ended;
        live = undefined;
      }
      return { ok: false, fault: reply.fault };
    }
    const result = resultSchemas[op].safeParse(reply.result);
    if (!result.success)
      return { ok: false, fault: { kind: 'refused', message: `malformed result of ${op}: ${line.slice(0, 200)}` } };
    return { ok: true, result: result.data as Result<O> };
  }

  /** A process that knows all of `state`. */
  async function ensure(): Promise<
    { readonly ok: true; readonly live: Live } | { readonly ok: false; readonly fault: Fault }
  > {
    if (live !== undefined && !live.hasEnded) return { ok: true, live };
    const fresh = launch(options);
    live = fresh;
    starts++;
    const hello: Request = { op: 'hello', ...(options.cpu === undefined ? {} : { cpu: options.cpu }) };
    for (const request of [hello, ...state.values()]) {
      const answer = await exchange(fresh, request);
      if (!answer.ok) {
        const detail = answer.fault.kind === 'died' ? answer.fault.detail : JSON.stringify(answer.fault);
        kill(fresh);
        live = undefined;
        return {
          ok: false,
          fault: { kind: 'died', detail: `the runner did not come up (${request.op}): ${detail}`, started: false },
        };
      }
    }
    return { ok: true, live: fresh };
  }

  async function serve<O extends Op>(request: RequestOf<O>): Promise<Answer<O>> {
    if (closed) return { ok: false, fault: { kind: 'died', detail: 'the runner is closed', started: false } };
    const up = await ensure();
    if (!up.ok) return up;
    const answer = await exchange(up.live, request);
    if (answer.ok) remember(state, request);
    return answer;
  }

  return {
    request<O extends Op>(request: RequestOf<O>): Promise<Answer<O>> {
      const answer = queue.then(() => serve<O>(request));
      queue = answer;
      return answer;
    },
    renew(): Promise<void> {
      const gone = queue.then(async () => {
        const last = live;
        live = undefined;
        if (last === undefined) return;
        kill(last);
        await last.ended;
      });
      queue = gone;
      return gone;
    },
    restarts: () => Math.max(0, starts - 1),
    async close(): Promise<void> {
      await queue;
      closed = true;
      const last = live;
      if (last === undefined || last.hasEnded) return;
      last.child.stdin?.end();
      const timer = setTimeout(() => kill(last), 500);
      await last.ended;
      clearTimeout(timer);
    },
  };
}

/** Keeps the requests that a fresh process has to see; later ones replace earlier ones. */
function remember(state: Map<string, Request>, request: Request): void {
  const put = (key: string): void => {
    state.delete(key);
    state.set(key, request);
  };
  switch (request.op) {
    case 'load':
      return put(`lib ${request.lib}`);
    case 'unload':
      state.delete(`lib ${request.lib}`);
      return;
    case 'alloc':
      state.delete(`fill ${request.buf}`);
      return put(`buf ${request.buf}`);
    case 'fill':
      return put(`fill ${request.buf}`);
    case 'free':
      for (const buf of request.bufs) {
        state.delete(`buf ${buf}`);
        state.delete(`fill ${buf}`);
      }
      return;
    case 'lock':
      return put('lock');
    case 'unlock':
      state.delete('lock');
      return;
    default:
      return;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
