"""Track registers and flags that may decide which code runs on which processor."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from iced_x86 import Instruction, Mnemonic, OpKind, Register, RegisterExt

_TWO = 2
_LOADS = (Mnemonic.MOV, Mnemonic.MOVZX, Mnemonic.MOVSX)
_IMMEDIATES = frozenset(
    (OpKind.IMMEDIATE8, OpKind.IMMEDIATE8TO16, OpKind.IMMEDIATE8TO32, OpKind.IMMEDIATE8TO64)
)
_COMPARISONS = (Mnemonic.CMP, Mnemonic.TEST, Mnemonic.BT)
_CALL_CLOBBERED = frozenset(
    (
        *(Register.RAX, Register.RCX, Register.RDX, Register.RSI, Register.RDI),
        *(Register.R8, Register.R9, Register.R10, Register.R11),
    )
)


class State(NamedTuple):
    """State of the registers between two blocks."""

    values: frozenset[int]
    """Registers whose value depends on a variable."""
    pointers: frozenset[int]
    """Registers that may point to an object which decides what code runs."""


AT_ENTRY = State(
    frozenset(),
    frozenset((Register.RDI, Register.RSI, Register.RDX, Register.RCX, Register.R8, Register.R9)),
)


class Variables(Protocol):
    """The facts about an object that :class:`Taint` needs."""

    def reads_variable(self, instruction: Instruction) -> bool:
        """Return whether an instruction reads a variable at a fixed address."""

    def asks(self, target: int | str) -> bool:
        """Return whether a function asks the processor."""


class Taint:
    """Registers and flags that depend on a variable or on a result of CPUID.

    An object behind a pointer may say which variant of code was chosen for it, so
    what is read through an argument or a local function's answer counts as a
    variable. Objects that other libraries return do not.
    """

    def __init__(self, variables: Variables, state: State) -> None:
        self._variables = variables
        self.registers = set(state.values)
        self.pointers = set(state.pointers)
        self.flags = False
        self.zero_test = 0
        self._sources: dict[int, int] = {}
        """Register -> the variable that it was loaded from in this block."""

    @property
    def state(self) -> State:
        """Return the state of the registers for the next block."""
        return State(frozenset(self.registers), frozenset(self.pointers))

    def step(self, instruction: Instruction) -> None:
        """Follow one instruction."""
        is_tainted = (
            self._variables.reads_variable(instruction)
            or self._reads_register(instruction, self.registers)
            or self._reads_object(instruction)
        )
        if instruction.rflags_modified:
            self.flags = is_tainted
            self.zero_test = self._find_zero_test(instruction)
        if not instruction.op_count or instruction.op0_kind != OpKind.REGISTER:
            return
        if is_comparison(instruction):
            return
        register = RegisterExt.full_register(instruction.op0_register)
        is_pointer = (
            is_tainted
            or self._reads_register(instruction, self.pointers)
            or (instruction.mnemonic == Mnemonic.LEA and instruction.is_ip_rel_memory_operand)
        )
        self._sources.pop(register, None)
        if self._variables.reads_variable(instruction) and instruction.mnemonic in _LOADS:
            self._sources[register] = instruction.ip_rel_memory_address
        _set(self.registers, register, member=is_tainted)
        _set(self.pointers, register, member=is_pointer)

    def call(self, callee: int | str | None) -> None:
        """Follow a call. The result is tainted if the function uses CPUID."""
        self.registers -= _CALL_CLOBBERED
        self.pointers -= _CALL_CLOBBERED
        if not isinstance(callee, str):
            self.pointers.add(Register.RAX)
        if callee is not None and self._variables.asks(callee):
            self.registers.add(Register.RAX)

    def _find_zero_test(self, instruction: Instruction) -> int:
        """Return the variable that an instruction compares with zero, or 0."""
        if instruction.mnemonic == Mnemonic.TEST and instruction.op0_kind == OpKind.REGISTER:
            is_same = instruction.op1_kind == OpKind.REGISTER
            is_same = is_same and instruction.op0_register == instruction.op1_register
            register = RegisterExt.full_register(instruction.op0_register)
            return self._sources.get(register, 0) if is_same else 0
        is_zero = instruction.mnemonic == Mnemonic.CMP and instruction.op_count == _TWO
        if is_zero and self._variables.reads_variable(instruction):
            is_zero = instruction.op1_kind in _IMMEDIATES and not instruction.immediate(1)
            return instruction.ip_rel_memory_address if is_zero else 0
        return 0

    def _reads_register(self, instruction: Instruction, registers: set[int]) -> bool:
        for at in range(instruction.op_count):
            if instruction.op_kind(at) == OpKind.REGISTER:
                register = RegisterExt.full_register(instruction.op_register(at))
                if register in registers and (at or _reads_first(instruction)):
                    return True
        return False

    def _reads_object(self, instruction: Instruction) -> bool:
        """Return whether an instruction reads through a pointer to an object that may decide."""
        if instruction.mnemonic == Mnemonic.LEA or not instruction.memory_base:
            return False
        reads = any(
            instruction.op_kind(at) == OpKind.MEMORY and (at or _reads_first(instruction))
            for at in range(instruction.op_count)
        )
        return reads and RegisterExt.full_register(instruction.memory_base) in self.pointers


def _set(registers: set[int], register: int, *, member: bool) -> None:
    if member:
        registers.add(register)
    else:
        registers.discard(register)


def is_comparison(instruction: Instruction) -> bool:
    """Return whether an instruction sets flags and writes nothing else."""
    return instruction.mnemonic in _COMPARISONS


def _reads_first(instruction: Instruction) -> bool:
    return instruction.mnemonic not in (Mnemonic.MOV, Mnemonic.LEA, Mnemonic.MOVZX, Mnemonic.MOVSX)
