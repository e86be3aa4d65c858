"""The levels of x86-64 and the instructions that each adds.

Source: x86-64 psABI, "Low Level System Information", table of microarchitecture levels.
"""

from __future__ import annotations

BASELINE = 1
ABOVE_ALL = 5
"""The level of instructions that belong to no level (AES, AVX512-VNNI, AMX …)."""

LEVELS: dict[str, int] = {
    **dict.fromkeys(("CMPXCHG16B", "POPCNT", "SSE3", "SSE4_1", "SSE4_2", "SSSE3"), 2),
    **dict.fromkeys(("AVX", "AVX2", "BMI1", "BMI2", "F16C", "FMA", "LZCNT", "MOVBE"), 3),
    **dict.fromkeys(("AVX512F", "AVX512BW", "AVX512CD", "AVX512DQ", "AVX512VL"), 4),
    **dict.fromkeys(
        (
            *("AES", "PCLMULQDQ", "SHA", "GFNI", "VAES", "VPCLMULQDQ", "RDRAND", "RDSEED", "ADX"),
            *("AVX512_VNNI", "AVX512_VBMI", "AVX512_VBMI2", "AVX512_BITALG", "AVX512_BF16"),
            *("AVX512_FP16", "AVX512_VPOPCNTDQ", "AVX512_IFMA", "AVX_VNNI", "AVX_IFMA"),
            *("AMX_TILE", "AMX_INT8", "AMX_BF16", "SSE4A", "FMA4", "XOP", "TBM", "RTM", "HLE"),
        ),
        ABOVE_ALL,
    ),
}
"""The first level with each feature of CPUID. Other features do not count, because older
processors run or ignore their instructions (``endbr64``, prefetches)."""

HARMLESS = frozenset(("tzcnt",))
"""Instructions that older processors run as another one, with equal results in practice."""
