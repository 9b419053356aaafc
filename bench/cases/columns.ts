import type { BenchCase } from './case.ts';

const M = 2 ** 20;

/** Operators across rows: column sums, scans, transposes, and rows of different lengths. */
export const columnCases: readonly BenchCase[] = [
  {
    name: 'column-sum',
    file: 'ops/column_sum.ktune',
    op: 'column_sum',
    shape: 'T=f32 N=8192 D=4096',
    bytes: 4 * 32 * M,
    flops: 0,
    ulpOf: 'usual',
    torch: { sum: 'x.sum(0)' },
    eager: { 'sum out': 'torch.sum(x, 0, out=room)' },
    compiled: { product: 'torch.ones(1, N) @ x' },
    numpy: { sum: 'np.sum(x, axis=0)' },
    setup: 'room = staggered((D,), x.dtype)',
  },
  {
    name: 'cumsum',
    file: 'ops/cumsum.ktune',
    op: 'cumsum',
    shape: 'N=4096 D=4096',
    bytes: 8 * 16 * M,
    flops: 0,
    ulpOf: 'usual',
    torch: { cumsum: 'torch.cumsum(x, 1)' },
    eager: { 'cumsum out': 'torch.cumsum(x, 1, out=room)' },
    numpy: { cumsum: 'np.cumsum(x, axis=1, out=room)' },
    setup: 'room = staggered(x.shape, x.dtype)',
  },
  {
    name: 'transpose',
    file: 'ops/transpose.ktune',
    op: 'transpose',
    shape: 'T=f32 N=4096 M=4096',
    bytes: 8 * 16 * M,
    flops: 0,
    ulpOf: 'element',
    torch: { contiguous: 'x.t().contiguous()' },
    eager: { copy_: 'room.copy_(x.t())' },
    numpy: { copyto: 'np.copyto(room, x.T)\nreturn room' },
    setup: 'room = staggered((M, N), x.dtype)',
  },
  {
    name: 'pooled-embedding',
    file: 'ops/pooled_embedding.ktune',
    op: 'pooled_embedding',
    // So many rows that they do not stay in a cache between calls.
    shape: 'T=f32 V=1000000 D=64 B=16384 total(L)=327680',
    bytes: 327680 * (64 * 4 + 8) + 16384 * 64 * 4,
    flops: 0,
    ulpOf: 'usual',
    torch: { embedding_bag: "F.embedding_bag(ids, w, off, mode='sum', include_last_offset=True)" },
  },
  {
    name: 'jagged-softmax',
    file: 'ops/jagged_softmax.ktune',
    op: 'jagged_softmax',
    shape: 'B=2048 D=64 total(L)=352256',
    bytes: 8 * 352256 * 64,
    flops: 0,
    ulpOf: 'element',
    setup: `
      starts = off.tolist()
      lens = off[1:] - off[:-1]
      longest = int(lens.max())
      row = torch.repeat_interleave(torch.arange(B), lens)
      at = torch.arange(x.shape[0]) - off[:-1][row]
      index = row[:, None].expand(-1, D)`,
    torch: {
      padded: `
        p = torch.full((B, longest, D), float('-inf'))
        p[row, at] = x
        return torch.softmax(p, 1)[row, at]`,
      segments: `
        m = torch.full((B, D), float('-inf')).scatter_reduce(0, index, x, 'amax')
        e = torch.exp(x - m[row])
        return e / torch.zeros(B, D).index_add(0, row, e)[row]`,
    },
    eager: {
      loop: `
        out = torch.empty_like(x)
        for a, b in zip(starts, starts[1:]):
            torch.softmax(x[a:b], 0, out=out[a:b])
        return out`,
    },
  },
];
