import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { peerPython } from './setup.ts';

/** glibc keeps freed arrays and asks for huge pages, so that a peer does not pay page faults for each result. */
export const tunedAllocator = {
  MALLOC_MMAP_THRESHOLD_: '17179869184',
  MALLOC_TRIM_THRESHOLD_: '17179869184',
  GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
} as const;

const reply = z.union([
  z.object({ ok: z.literal(true), result: z.record(z.string(), z.unknown()) }),
  z.object({ ok: z.literal(false), message: z.string() }),
]);

/** A running peer process. Requests are answered in order; a failed one rejects. */
export interface Peer {
  request(body: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
  close(): void;
}

/** Starts a peer pinned to `cpu`, with a tuned allocator or as users run it. */
export async function startPeer(
  cpu: number,
  tuned: boolean,
): Promise<{ readonly peer: Peer; readonly hello: Readonly<Record<string, unknown>> }> {
  const child = spawn(peerPython, [join(import.meta.dirname, 'peer.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...(tuned ? tunedAllocator : {}) },
  });
  const waiting: ((line: string | undefined) => void)[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => waiting.shift()?.(line));
  lines.on('close', () => waiting.splice(0).forEach((w) => w(undefined)));
  child.on('error', () => waiting.splice(0).forEach((w) => w(undefined)));
  child.stdin.on('error', () => {});
  const peer: Peer = {
    async request(body) {
      const line = await new Promise<string | undefined>((resolve) => {
        waiting.push(resolve);
        child.stdin.write(`${JSON.stringify(body)}\n`);
      });
      if (line === undefined) throw new Error('the peer ended: does `node bench/peers/setup.ts` pass?');
      const r = reply.parse(JSON.parse(line));
      if (!r.ok) throw new Error(`peer: ${r.message}`);
      return r.result;
    },
    close: () => void child.stdin.end(),
  };
  return { peer, hello: await peer.request({ op: 'hello', cpu }) };
}
