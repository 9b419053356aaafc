"""What Triton 3.8's interpreter does slowly or otherwise than its compilers, done right. Private names of that version are replaced: another version is refused."""

import numpy as np
import triton
import triton.language as tl
import triton.runtime.interpreter as interpreter

VERSION = "3.8.0"


def _tensors(op, arrays, inputs):
    return tuple(op.to_tensor(a, i.dtype) for a, i in zip(arrays, inputs))


def _combined(op, left, right, inputs):
    out = op.combine_fn.fn(*_tensors(op, left, inputs), *_tensors(op, right, inputs))
    out = out if isinstance(out, tuple) else (out,)
    return [np.asarray(o.handle.data).reshape(a.shape).astype(a.dtype) for o, a in zip(out, left)]


def _taken(arrays, axis, part):
    index = [slice(None)] * arrays[0].ndim
    index[axis] = part
    return [a[tuple(index)] for a in arrays]


def _reduce(op, inputs):
    """Folds halves of the whole block, as devices do, instead of elements one by one."""
    given = op.axis
    inputs, axis = op.unravel(inputs, op.axis)
    arrays = [np.asarray(i.handle.data) for i in inputs]
    rank = arrays[0].ndim
    while arrays[0].shape[axis] > 1:
        n = arrays[0].shape[axis]
        even = n - n % 2
        left, right = _taken(arrays, axis, slice(0, even, 2)), _taken(arrays, axis, slice(1, even, 2))
        rest = _taken(arrays, axis, slice(even, n))
        arrays = [np.concatenate(p, axis=axis) for p in zip(_combined(op, left, right, inputs), rest)]
    out = []
    for a, i in zip(arrays, inputs):
        if op.keep_dims and given is None:
            a = a.reshape((1,) * rank)
        elif not op.keep_dims:
            a = np.squeeze(a, axis=axis)
        out.append(op.to_tensor(a if a.shape else a.item(), i.dtype))
    return out


def _scan(op, inputs):
    """Every element joined with the one 1, 2, 4, … places before it."""
    arrays = [np.asarray(i.handle.data).copy() for i in inputs]
    n = arrays[0].shape[op.axis]
    step = 1
    place = np.arange(n).reshape([n if k == op.axis else 1 for k in range(arrays[0].ndim)])
    while step < n:
        joined = _combined(op, [np.roll(a, step, axis=op.axis) for a in arrays], arrays, inputs)
        arrays = [np.where(place < step, a, j) for a, j in zip(arrays, joined)]
        step *= 2
    return [op.to_tensor(a, i.dtype) for a, i in zip(arrays, inputs)]


def _dot(self, a, b, d, input_precision, max_num_imprecise_acc):
    """Products of bf16, which the interpreter holds as bits, in f32."""
    kind = d.data.dtype
    x, y = ((o.data.astype(np.uint32) << 16).view(np.float32) if o.dtype == tl.bfloat16 else o.data for o in (a, b))
    return interpreter.TensorHandle(np.matmul(x.astype(kind), y.astype(kind)) + d.data, d.dtype.scalar)


_patch_lang = interpreter._patch_lang
_patched = set()


def _patch_once(fn):
    """The language as functions of one module see it; it stays patched."""
    if id(fn.__globals__) not in _patched:
        _patched.add(id(fn.__globals__))
        _patch_lang(fn)
    return interpreter._LangPatchScope()


def apply():
    if triton.__version__ != VERSION:
        raise SystemExit(f"the interpreter of triton {VERSION} is known, this is {triton.__version__}")
    interpreter.ReduceOps.generic_reduce = _reduce
    interpreter.ScanOps.generic_scan = _scan
    interpreter.InterpreterBuilder.create_dot = _dot
    interpreter._patch_lang = _patch_once
