import type { BenchCase } from './case.ts';

const M = 2 ** 20;

/** Products, attention and convolution. */
export const contractionCases: readonly BenchCase[] = [
  {
    name: 'matmul',
    file: 'ops/matmul.ktune',
    op: 'matmul',
    shape: 'T=f32 M=1024 N=1024 K=1024',
    bytes: 12 * M,
    flops: 2 * 1024 ** 3,
    ulpOf: 'usual',
    torch: { matmul: 'a @ b' },
    eager: { 'mm out': 'torch.mm(a, b, out=room)' },
    numpy: { matmul: 'np.matmul(a, b, out=room)' },
    setup: 'room = staggered((M, N), a.dtype)',
  },
  {
    name: 'matmul-bf16',
    file: 'ops/matmul.ktune',
    op: 'matmul',
    shape: 'T=bf16 M=1024 N=1024 K=1024',
    bytes: 6 * M,
    flops: 2 * 1024 ** 3,
    ulpOf: 'usual',
    torch: { matmul: 'a @ b', 'by f32': '(a.float() @ b.float()).to(a.dtype)' },
    eager: { 'mm out': 'torch.mm(a, b, out=room)' },
    setup: 'room = staggered((M, N), a.dtype)',
  },
  {
    name: 'attention-bf16',
    file: 'ops/attention.ktune',
    op: 'attention',
    shape: 'T=bf16 B=1 H=8 M=1024 N=1024 D=64 E=64 scale=0.125',
    bytes: 4 * 2 * 8 * 1024 * 64,
    flops: 4 * 8 * 1024 ** 2 * 64,
    ulpOf: 'usual',
    torch: {
      sdpa: 'F.scaled_dot_product_attention(q, k, v, scale=0.125)',
      'by f32': 'F.scaled_dot_product_attention(q.float(), k.float(), v.float(), scale=0.125).to(q.dtype)',
    },
  },
  {
    name: 'attention-alibi-bf16',
    file: 'ops/attention.ktune',
    op: 'attention_alibi',
    shape: 'T=bf16 B=1 H=8 M=1024 N=1024 D=64 E=64 scale=0.125',
    bytes: 4 * 2 * 8 * 1024 * 64,
    flops: 2 * 8 * 1024 ** 2 * 64,
    ulpOf: 'usual',
    setup: `
      from torch.nn.attention.flex_attention import flex_attention
      at = torch.arange(N)
      back = (at[:M, None] + N - M) - at[None, :]
      bias32 = torch.where(back >= 0, -slope[:, None, None] * back.float(), float('-inf'))[None]
      bias = bias32.to(q.dtype)`,
    torch: {
      'sdpa with bias': 'F.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=0.125)',
      'by f32': `
        o = F.scaled_dot_product_attention(q.float(), k.float(), v.float(), attn_mask=bias32, scale=0.125)
        return o.to(q.dtype)`,
      written: `
        s = (q @ k.transpose(-1, -2)).float() * 0.125 + bias32
        return torch.softmax(s, -1).to(q.dtype) @ v`,
    },
    compiled: {
      flex: `
        def score(s, b, h, m, n):
            return torch.where(n <= m + N - M, s - slope[h] * (m + N - M - n), float('-inf'))
        return flex_attention(q, k, v, score_mod=score, scale=0.125)`,
    },
  },
  {
    name: 'depthwise',
    file: 'ops/depthwise3x3.ktune',
    op: 'depthwise3x3',
    shape: 'N=1 C=256 H=56 W=56 s=1 p=1',
    bytes: 8 * 256 * 56 * 56,
    flops: 2 * 9 * 256 * 56 * 56,
    ulpOf: 'usual',
    setup: `
      filters = w.view(C, 1, 3, 3)
      last = x.to(memory_format=torch.channels_last)`,
    torch: {
      conv2d: 'F.conv2d(x, filters, padding=1, groups=C)',
      'channels last': 'F.conv2d(last, filters, padding=1, groups=C)',
    },
  },
];
