"""Decode the functions of an x86-64 object, with iced-x86 (the extra ``felloe[isa]``)."""

from __future__ import annotations

from collections.abc import Iterator

from iced_x86 import (
    CpuidFeature,
    Decoder,
    FlowControl,
    Instruction,
    Mnemonic,
    OpKind,
)

from felloe.audit.processor.flow import Block, Function, Use
from felloe.audit.processor.level import HARMLESS, LEVELS
from felloe.audit.processor.taint import AT_ENTRY, State, Taint, is_comparison
from felloe.binary.elf.memory import LoadedObject

_MOST_BLOCKS = 4000
_MOST_INSTRUCTIONS = 2_000_000
_WINDOW = 512
_LONGEST = 15
"""Bytes of the longest instruction."""
_LONGEST_GETTER = 40
_FEATURES = {getattr(CpuidFeature, name): name for name in LEVELS if hasattr(CpuidFeature, name)}
_QUERIES = (Mnemonic.CPUID, Mnemonic.XGETBV)
_PROCESSOR_DATA = ("__cpu_model", "__cpu_features2", "_rtld_global_ro")
_ASKING = ("__cpu_indicator_init", "__x86_get_cpuid_feature_leaf", "getauxval", "elf_aux_info")
_NO_RETURN = frozenset(
    (
        *("abort", "exit", "_exit", "__stack_chk_fail", "__assert_fail", "_Unwind_Resume"),
        *("__cxa_throw", "__cxa_rethrow", "__cxa_bad_cast", "__cxa_throw_bad_array_new_length"),
        *("_ZSt9terminatev", "Py_FatalError", "_Py_FatalErrorFunc", "__chk_fail", "longjmp"),
    )
)
_CONDITIONAL, _CALLS = FlowControl.CONDITIONAL_BRANCH, (FlowControl.CALL, FlowControl.INDIRECT_CALL)
_BRANCHES = (_CONDITIONAL, FlowControl.UNCONDITIONAL_BRANCH)
_ENDS = (
    FlowControl.RETURN,
    FlowControl.INTERRUPT,
    FlowControl.EXCEPTION,
    FlowControl.INDIRECT_BRANCH,
)


class Program:
    """The functions of an object, decoded on request."""

    def __init__(self, memory: LoadedObject, level: int) -> None:
        self.memory = memory
        self._level = level
        self._functions: dict[int, Function] = {}
        self._asking: dict[int, bool] = {}
        self._budget = _MOST_INSTRUCTIONS

    def function(self, entry: int) -> Function:
        """Return the function that begins at an address."""
        if entry not in self._functions:
            self._functions[entry] = Function(entry, {})  # ends a recursion while it is decoded
            self._functions[entry] = _FunctionReader(self, entry).read()
        return self._functions[entry]

    def resolve(self, target: int) -> int | str:
        """Return what a call reaches: an address, or the name of another object's symbol."""
        code = self.memory.read(target, 16)
        for instruction in Decoder(64, code, ip=target):
            if instruction.mnemonic in (Mnemonic.ENDBR64, Mnemonic.NOP):
                continue
            if instruction.flow_control == FlowControl.INDIRECT_BRANCH:
                return self.pointer(instruction) or target
            break
        return target

    def pointer(self, instruction: Instruction) -> int | str | None:
        """Return where a jump or call through a pointer in memory leads, if the loader knows."""
        if not instruction.is_ip_rel_memory_operand:
            return None
        place = instruction.ip_rel_memory_address
        return self.memory.pointers.get(place) or self.memory.imports.get(place)

    def asks(self, target: int | str) -> bool:
        """Return whether a function asks the processor, or returns a variable that may know."""
        if isinstance(target, str):
            return target in _ASKING
        if target not in self._asking:
            self._asking[target] = False
            self._asking[target] = self.function(target).asks or self._is_getter(target)
        return self._asking[target]

    def _is_getter(self, entry: int) -> bool:
        """Return whether a short function reads a variable, maybe after it has asked once."""
        code = self.memory.read(entry, _LONGEST * _LONGEST_GETTER)
        reads = False
        for count, instruction in enumerate(Decoder(64, code, ip=entry)):
            reads = reads or self.reads_variable(instruction)
            if instruction.flow_control == FlowControl.RETURN:
                return reads
            if count == _LONGEST_GETTER:
                return False
        return False

    def reads_variable(self, instruction: Instruction) -> bool:
        """Return whether an instruction reads a variable at a fixed address."""
        if not instruction.is_ip_rel_memory_operand:
            return False
        place = instruction.ip_rel_memory_address
        if place in self.memory.pointers:
            return False
        if place in self.memory.imports:
            return self.memory.imports[place] in _PROCESSOR_DATA
        return self.memory.is_writable(place)

    def touched(self, instruction: Instruction) -> set[int]:
        """Return the variable that an instruction writes, or whose address it takes."""
        if not instruction.is_ip_rel_memory_operand:
            return set()
        is_taken = instruction.mnemonic == Mnemonic.LEA
        is_written = instruction.op0_kind == OpKind.MEMORY and not is_comparison(instruction)
        place = instruction.ip_rel_memory_address
        return {place} if (is_taken or is_written) and self.memory.is_writable(place) else set()

    def decode(self, start: int) -> Iterator[Instruction]:
        """Yield instructions from an address on, within the object's budget."""
        at = start
        while self.memory.is_code(at):
            code, begin = self.memory.read(at, _WINDOW), at
            for instruction in Decoder(64, code, ip=at):
                if instruction.mnemonic == Mnemonic.INVALID or self._budget <= 0:
                    break
                self._budget -= 1
                yield instruction
                at = instruction.next_ip
            if len(code) < _WINDOW or self._budget <= 0 or at - begin < _WINDOW - _LONGEST:
                return  # the code ends, or is not code

    def find_use(self, instruction: Instruction) -> Use | None:
        """Return the instruction as a use, if the level does not have it."""
        for feature in instruction.cpuid_features():
            name = _FEATURES.get(feature)
            if name is not None and LEVELS[name] > self._level:
                text = str(instruction)
                if text.partition(" ")[0] not in HARMLESS:
                    return Use(instruction.ip, text, name, LEVELS[name])
        return None


class _FunctionReader:
    """Find the blocks of a function."""

    def __init__(self, program: Program, entry: int) -> None:
        self._program = program
        self._entry = entry
        self._blocks: dict[int, Block] = {}

    def read(self) -> Function:
        queue = [(self._entry, AT_ENTRY)]
        leaders = self._find_leaders()
        while queue and len(self._blocks) < _MOST_BLOCKS:
            start, state = queue.pop()
            if start in self._blocks:
                continue
            block, after = self._read_block(start, state, leaders)
            self._blocks[start] = block
            queue.extend((successor, after) for successor in block.successors)
        return Function(self._entry, self._blocks)

    def _find_leaders(self) -> frozenset[int]:
        """Return the addresses that branches of the function lead to."""
        leaders, seen, queue = {self._entry}, set(), [self._entry]
        while queue and len(leaders) < _MOST_BLOCKS:
            for instruction in self._program.decode(queue.pop()):
                if instruction.ip in seen:
                    break
                seen.add(instruction.ip)
                flow = instruction.flow_control
                if flow in (_CONDITIONAL, FlowControl.UNCONDITIONAL_BRANCH):
                    target = instruction.near_branch_target
                    if target not in leaders:
                        leaders.add(target)
                        queue.append(target)
                    if flow == _CONDITIONAL:
                        leaders.add(instruction.next_ip)
                if flow == FlowControl.UNCONDITIONAL_BRANCH or flow in _ENDS:
                    break
                if flow in _CALLS and self._callee(instruction) in _NO_RETURN:
                    break
        return frozenset(leaders)

    def _read_block(self, start: int, state: State, leaders: frozenset[int]) -> tuple[Block, State]:
        block, taint = Block(), Taint(self._program, state)
        for instruction in self._program.decode(start):
            if instruction.ip != start and instruction.ip in leaders:
                block.successors = [instruction.ip]
                break
            use = self._program.find_use(instruction)
            if use:
                block.uses.append(use)
            block.asks = block.asks or instruction.mnemonic in _QUERIES
            if instruction.flow_control in _CALLS:
                callee = self._callee(instruction)
                if isinstance(callee, int):
                    block.calls.append(callee)
                if callee in _NO_RETURN:
                    break
                taint.call(callee)
            elif instruction.flow_control in _BRANCHES or instruction.flow_control in _ENDS:
                self._leave(block, instruction)
                block.is_guard = taint.flags and len(block.successors) > 1
                block.zero_test = taint.zero_test
                break
            else:
                taint.step(instruction)
                block.touched |= self._program.touched(instruction)
        return block, taint.state

    def _leave(self, block: Block, instruction: Instruction) -> None:
        """Set the successors of a block from its last instruction."""
        flow = instruction.flow_control
        if flow == _CONDITIONAL:
            block.successors = [instruction.near_branch_target, instruction.next_ip]
        elif flow == FlowControl.UNCONDITIONAL_BRANCH:
            block.successors = [instruction.near_branch_target]
        elif flow == FlowControl.INDIRECT_BRANCH:
            target = self._program.pointer(instruction)
            block.calls += [target] if isinstance(target, int) else []

    def _callee(self, instruction: Instruction) -> int | str | None:
        if instruction.flow_control == FlowControl.INDIRECT_CALL:
            return self._program.pointer(instruction)
        return self._program.resolve(instruction.near_branch_target)
