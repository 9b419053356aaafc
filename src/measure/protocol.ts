import { z } from 'zod';

/**
 * The runner protocol: one JSON object a line over the stdin and stdout of a long-lived process that loads compiled kernels, owns
 * their buffers and times them. One request is in flight at a time; each reply repeats the request's `id`. Anything larger than a few
 * kilobytes travels in files. Addresses and hashes are hexadecimal text, times are nanoseconds, sizes are bytes.
 */
export const PROTOCOL_VERSION = 1;

/**
 * Where an array lies in its mapping, which has an inaccessible page on both sides: flush against the page behind it (`end`), against
 * the page before it (`start`), or for timing (`stagger`) aligned to a cache line and at differing distances from 2 MiB boundaries, with
 * canary bytes around it. Whatever slack there is holds a canary that is checked after each run.
 */
export type Placement = 'end' | 'start' | 'stagger';

/** One argument of `entry_call(void* const* args, i64 part, i64 parts)`: a buffer, a table of buffers, or the bytes of a value. */
export type Arg =
  | { readonly buf: string }
  | { readonly table: readonly string[] }
  /** Little-endian bytes in hexadecimal: dims and capacities as i64, scalars in their dtype. */
  | { readonly bytes: string };

/** Which kernel, and its arguments. Several `sets` are taken in turn, so that repeated calls do not find their inputs in a cache. */
export interface Call {
  readonly lib: string;
  readonly entry: string;
  readonly sets: readonly (readonly Arg[])[];
  /** With more than one part the kernel is called for each part of each phase, in order; 1 unless a test wants to see that any split gives the same result. */
  readonly parts?: number;
  readonly phases?: number;
  /** Copied before each call, outside the timed region: [to, from]. For arrays that a kernel updates in place. */
  readonly restore?: readonly (readonly [to: string, from: string])[];
}

export type Request =
  /** First request: pins the process to a CPU (the last allowed one if absent). */
  | { readonly op: 'hello'; readonly cpu?: number }
  | { readonly op: 'load'; readonly lib: string; readonly path: string; readonly entries: readonly string[] }
  | { readonly op: 'unload'; readonly lib: string }
  /** `in` buffers are read-only while a kernel runs: a write to one is a crash that names it. */
  | {
      readonly op: 'alloc';
      readonly buf: string;
      readonly bytes: number;
      readonly access: 'in' | 'out' | 'inout';
      readonly place: Placement;
      readonly align: number;
    }
  | { readonly op: 'free'; readonly bufs: readonly string[] }
  | { readonly op: 'fill'; readonly buf: string; readonly from: Fill }
  /** Limits of `run` and `time` count CPU time of the process. */
  | { readonly op: 'run'; readonly call: Call; readonly limitMs: number }
  /** `order` lists indices into `calls`, one sample each; a sample repeats its call until `minNs` have passed and reports the mean. Stops early once a sample is above `stopNs`. */
  | {
      readonly op: 'time';
      readonly calls: readonly Call[];
      readonly order: readonly number[];
      readonly minNs: number;
      readonly stopNs?: number;
      readonly limitMs: number;
    }
  | {
      readonly op: 'read';
      readonly buf: string;
      readonly offset: number;
      readonly bytes: number;
      readonly path?: string;
    }
  /** The given [offset, bytes] ranges, one behind the other, in the reply or in a file. */
  | {
      readonly op: 'gather';
      readonly buf: string;
      readonly ranges: readonly (readonly [offset: number, bytes: number])[];
      readonly path?: string;
    }
  | { readonly op: 'hash'; readonly bufs: readonly string[] }
  /** Runs a bandwidth or arithmetic probe for about `ms`. */
  | { readonly op: 'probe'; readonly name: string; readonly ms: number }
  /** Waits up to `limitMs` for a lock file: `exclusive` around timing, `shared` around compiling, so that tunes side by side do not disturb each other. */
  | { readonly op: 'lock'; readonly path: string; readonly mode: 'shared' | 'exclusive'; readonly limitMs: number }
  | { readonly op: 'unlock' }
  | { readonly op: 'quit' };

/** What a buffer is filled with. `random` gives bytes for bandwidth tests only: as floats they hold NaNs. */
export type Fill =
  | { readonly kind: 'file'; readonly path: string; readonly offset: number }
  | { readonly kind: 'byte'; readonly value: number }
  | { readonly kind: 'random'; readonly seed: number }
  | { readonly kind: 'copy'; readonly buf: string };

const crash = z.object({
  kind: z.literal('crash'),
  /** SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT. */
  signal: z.string(),
  address: z.string(),
  /** The buffer nearest to the address, if one is within reach; `offset` counts bytes from its start. */
  buffer: z.string().optional(),
  offset: z.number().optional(),
  where: z.enum(['before', 'after', 'read-only', 'elsewhere']),
  /** Kernel, block and thread, where an executor runs them one by one. */
  at: z.string().optional(),
});
/** An executor found what the kernel must not do: a race, a barrier that not all threads reach, memory read before it was written. */
const kernel = z.object({ kind: z.literal('kernel'), message: z.string() });
const timeout = z.object({ kind: z.literal('timeout'), ms: z.number() });
const guard = z.object({
  kind: z.literal('guard'),
  buffer: z.string(),
  offset: z.number(),
  where: z.enum(['before', 'after']),
});
/** A request that cannot be served: unknown buffer, missing file or symbol, out of memory. */
const refused = z.object({ kind: z.literal('refused'), message: z.string() });
/** The process ended or stopped answering, or could not be started at all (`started` false); made by the client. */
const died = z.object({ kind: z.literal('died'), detail: z.string(), started: z.boolean() });
export const faultSchema = z.discriminatedUnion('kind', [crash, kernel, timeout, guard, refused, died]);
/** Why a request gave no result. Costs one config, never the run. */
export type Fault = z.infer<typeof faultSchema>;

const none = z.object({});
/** Result of each request that succeeded. */
export const resultSchemas = {
  hello: z.object({
    version: z.number(),
    pid: z.number(),
    cpu: z.number(),
    pageBytes: z.number(),
    hugePages: z.boolean(),
    simd: z.string(),
    probes: z.array(z.string()),
  }),
  load: none,
  unload: none,
  alloc: z.object({ address: z.string() }),
  free: none,
  fill: none,
  run: z.object({ ns: z.number().nonnegative() }),
  /** `samples[i]` belongs to `order[i]`; `preempted[i]` is true if the kernel lost the CPU meanwhile. */
  time: z.object({
    samples: z.array(z.number().positive()),
    preempted: z.array(z.boolean()),
    calls: z.array(z.number()),
    stopped: z.boolean(),
  }),
  read: z.object({ data: z.string().optional() }),
  gather: z.object({ data: z.string().optional() }),
  hash: z.object({ hashes: z.array(z.string()) }),
  probe: z.object({ value: z.number(), unit: z.string(), samples: z.array(z.number()) }),
  lock: z.object({ held: z.boolean(), waitedMs: z.number() }),
  unlock: none,
  quit: none,
} as const satisfies Record<Request['op'], z.ZodType>;
export type Op = Request['op'];
export type Result<O extends Op> = z.infer<(typeof resultSchemas)[O]>;
export type Answer<O extends Op> =
  { readonly ok: true; readonly result: Result<O> } | { readonly ok: false; readonly fault: Fault };

/** The envelope of every reply. */
export const replySchema = z.union([
  z.object({ id: z.number(), ok: z.literal(true), result: z.unknown() }),
  z.object({ id: z.number(), ok: z.literal(false), fault: faultSchema, samples: z.array(z.number()).optional() }),
]);
