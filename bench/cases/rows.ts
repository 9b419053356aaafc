import type { BenchCase } from './case.ts';

const M = 2 ** 20;

/** Operators on rows and single elements. */
export const rowCases: readonly BenchCase[] = [
  {
    name: 'softmax',
    file: 'ops/softmax.ktune',
    op: 'softmax',
    shape: 'T=f32 B=4096 D=1024',
    bytes: 8 * 4 * M,
    flops: 0,
    ulpOf: 'element',
    torch: { softmax: 'F.softmax(x, -1)' },
    eager: { 'softmax out': 'torch.softmax(x, -1, out=room)' },
    setup: 'room = staggered(x.shape, x.dtype)',
  },
  {
    name: 'softmax-5003',
    file: 'ops/softmax.ktune',
    op: 'softmax',
    shape: 'T=f32 B=1000 D=5003',
    bytes: 8 * 1000 * 5003,
    flops: 0,
    ulpOf: 'element',
    torch: { softmax: 'F.softmax(x, -1)' },
    eager: { 'softmax out': 'torch.softmax(x, -1, out=room)' },
    setup: 'room = staggered(x.shape, x.dtype)',
  },
  {
    name: 'layernorm',
    file: 'ops/layernorm.ktune',
    op: 'layernorm',
    shape: 'T=f32 B=4096 D=4096',
    bytes: 8 * 16 * M,
    flops: 0,
    ulpOf: 'usual',
    torch: { layer_norm: 'F.layer_norm(x, (D,), ga, be, 1e-5)' },
  },
  {
    name: 'add-rmsnorm-bf16',
    file: 'ops/add_rmsnorm.ktune',
    op: 'add_rmsnorm',
    shape: 'T=bf16 B=4096 D=4096',
    bytes: 4 * 2 * 16 * M,
    flops: 0,
    ulpOf: 'element',
    torch: {
      rms_norm: 'r = x + res\nreturn r, F.rms_norm(r, (D,), w, 1e-6)',
      written: `
        r = x + res
        v = r.float()
        return r, (v * torch.rsqrt((v * v).mean(-1, keepdim=True) + 1e-6) * w.float()).to(x.dtype)`,
    },
  },
  {
    name: 'rmsnorm-bf16',
    file: 'ops/rmsnorm.ktune',
    op: 'rmsnorm',
    shape: 'T=bf16 B=4096 D=4096',
    bytes: 4 * 16 * M,
    flops: 0,
    ulpOf: 'element',
    torch: {
      rms_norm: 'F.rms_norm(x, (D,), w, 1e-6)',
      written: `
        v = x.float()
        return (v * torch.rsqrt((v * v).mean(-1, keepdim=True) + 1e-6) * w.float()).to(x.dtype)`,
    },
  },
  {
    name: 'rmsnorm',
    file: 'ops/rmsnorm.ktune',
    op: 'rmsnorm',
    shape: 'T=f32 B=4096 D=4096',
    bytes: 8 * 16 * M,
    flops: 0,
    ulpOf: 'element',
    torch: {
      rms_norm: 'F.rms_norm(x, (D,), w, 1e-6)',
      written: 'x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-6) * w',
    },
  },
  {
    name: 'bias-gelu',
    file: 'ops/bias_gelu.ktune',
    op: 'bias_gelu',
    shape: 'T=f32 B=4096 D=4096',
    bytes: 8 * 16 * M,
    flops: 0,
    ulpOf: 'usual',
    torch: { gelu: "F.gelu(x + bias, approximate='tanh')" },
  },
  {
    name: 'row-quant-int8',
    file: 'ops/row_quant_int8.ktune',
    op: 'row_quant_int8',
    shape: 'T=f32 N=4096 D=4096',
    bytes: 5 * 16 * M,
    flops: 0,
    ulpOf: 'element',
    torch: {
      written: `
        s = x.abs().amax(-1) / 127
        s = torch.where(s == 0, 1.0, s)
        return torch.round(x / s[:, None]).to(torch.int8), s`,
      reciprocal: `
        m = x.abs().amax(-1)
        s = torch.where(m == 0, 1.0, m / 127)
        return torch.round(x * (1.0 / s)[:, None]).to(torch.int8), s`,
    },
  },
  {
    name: 'cross-entropy',
    file: 'ops/cross_entropy.ktune',
    op: 'cross_entropy',
    shape: 'T=f32 N=2048 C=32000',
    bytes: 4 * 2048 * 32000,
    flops: 0,
    ulpOf: 'element',
    torch: {
      cross_entropy: 'F.cross_entropy(x, t)',
      written: '(torch.logsumexp(x, -1) - x.gather(-1, t[:, None])[:, 0]).mean()',
    },
  },
  {
    name: 'groupnorm',
    file: 'ops/groupnorm.ktune',
    op: 'groupnorm',
    shape: 'T=f32 N=16 G=32 C=8 S=3136',
    bytes: 8 * 16 * 256 * 3136,
    flops: 0,
    ulpOf: 'usual',
    torch: { group_norm: 'F.group_norm(x.view(N, G * C, 56, 56), G, ga.view(-1), be.view(-1), 1e-5)' },
  },
  {
    name: 'chain',
    file: 'bench/operators/norm_quant.ktune',
    op: 'norm_quant',
    shape: 'N=4096 D=4096',
    bytes: 5 * 16 * M,
    flops: 0,
    ulpOf: 'element',
    torch: {
      chain: `
        y = F.rms_norm(x, (D,), w, 1e-6)
        m = y.abs().amax(-1)
        s = torch.where(m == 0, 1.0, m / 127)
        return torch.round(y / s[:, None]).to(torch.int8), s`,
      reciprocal: `
        y = F.rms_norm(x, (D,), w, 1e-6)
        m = y.abs().amax(-1)
        s = torch.where(m == 0, 1.0, m / 127)
        return torch.round(y * (1.0 / s)[:, None]).to(torch.int8), s`,
    },
  },
];
