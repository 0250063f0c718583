"""For the innermost functions of compiled kernels: no counting of owners, and memory asked for ahead of its use."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

# Compiles a function that makes no arrays. Each call of any other one counts the owners of every array it is given up
# and down, those in named tuples among them, which takes longer than settling a cell does.
innermost: Any = partial(cast(Any, njit), cache=True, nogil=True, _nrt=False)

_READ, _KEEP, _DATA = 0, 3, 1  # operands of llvm.prefetch: for reading, into every level of the cache, of data


def _prefetch(_: Any, array: Any, index: Any) -> Any:
    """Fetch what lies at a flat index of an array, which may be outside of it, into the cache; nothing else happens."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), cgutils.voidptr_t)
        int32 = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, int32, int32, int32])
        function = cast(Any, cgutils).get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [address, int32(_READ), int32(_KEEP), int32(_DATA)])
        return context.get_dummy_value()

    return types.void(array, index), generate


prefetch: Any = intrinsic(_prefetch)
