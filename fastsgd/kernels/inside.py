"""Functions that only kernels call are compiled up to the kernels, and no further.

Numba would optimise each of them alone and make machine code of it. But none is ever run alone:
what runs is its copy in a kernel, where it is optimised again. A first fit takes 0.73 to 0.85 times
as long with functions that are left as numba writes them.
"""

from __future__ import annotations

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import LoweringPass, register_pass
from numba.core.typed_passes import NativeLowering


class _Draft(JITCodeLibrary):
    """The code of a function as numba writes it, for LLVM to put into that of others."""

    def _optimize_final_module(self) -> None:
        """Leave it to the kernel that the code becomes a part of."""

    def _finalize_final_module(self) -> None:
        """Make no machine code of it."""
        self._finalized = True


@register_pass(mutates_CFG=False, analysis_only=True)
class _OfferToOthers(LoweringPass):
    """Let other functions call one that has no machine code."""

    _name = "offer_to_others"

    def __init__(self) -> None:  # numba's is abstract
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        """Register it, in the place of what Python would call, by something as unique."""
        stand_in = [state.library].count  # numba accepts nothing but a built-in function
        state.library.finalize()
        state.targetctx.insert_user_function(stand_in, state.cr.fndesc, [state.library])
        state.cr = state.cr._replace(cfunc=stand_in)
        return True


class Inside(Compiler):
    """What compiles a function that is optimised nowhere but in the kernels."""

    def define_pipelines(self) -> list[Any]:
        """Return numba's passes, without those that make machine code."""
        state = self.state
        state.flags.no_compile = True
        state.library = _Draft(state.targetctx.codegen(), state.func_id.func_qualname)
        (passes,) = super().define_pipelines()
        passes.add_pass_after(_OfferToOthers, NativeLowering)
        passes.finalize()
        return [passes]


# Passes for what functions of the package do without: closures, branches on what is known of types,
# exceptions, and arithmetic on whole arrays. Without them a first fit takes 0.9 times as long, and
# has the same machine code. By name: one that numba has no more is none to leave out.
NEEDLESS = {
    "DeadBranchPrune",
    "FindLiterallyCalls",
    "InlineClosureLikes",
    "LiteralPropagationSubPipelinePass",
    "LiteralUnroll",
    "MakeFunctionToJitFunction",
    "NopythonRewrites",
    "RewriteDynamicRaises",
    "RewriteSemanticConstants",
    "WithLifting",
}


class OwnInside(Inside):
    """What compiles such a function of the package itself."""

    def define_pipelines(self) -> list[Any]:
        """Return the passes that it needs."""
        (passes,) = super().define_pipelines()
        passes.passes = [each for each in passes.passes if each[0].__name__ not in NEEDLESS]
        passes.finalize()
        return [passes]
