import { pinWinner } from '../../src/store/lock-file.ts';

/** A program: pins `n` operators named after `prefix` in the lock file at `path`. */
const [path = '', prefix = '', n = '0'] = process.argv.slice(2);
for (let i = 0; i < Number(n); i++) {
  const pinned = await pinWinner(path, {
    op: `${prefix}${i}`,
    graph: 'g',
    target: 'cpp:avx2',
    guard: '',
    shape: {},
    fingerprint: 'f',
    config: {},
    medianNs: i,
    speedup: { value: 1, low: 1, high: 1 },
    machine: 'm',
    measuredAt: '',
  });
  if (!pinned.ok) throw new Error(pinned.problem.message);
}
