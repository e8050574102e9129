/* SPDX-License-Identifier: MIT */
/*
 * Moves the first instructions of an x86-64 function to another address, so that a jump can take their place.
 * Pure: bytes in, bytes out, nothing is executed, mapped or remembered; any thread, no errno, no allocation.
 *
 * What moves: every instruction that does not name a place relative to itself, unchanged; RIP-relative
 * operands with their displacement adjusted; jmp and jcc widened to 32 bits; loop and jrcxz around a 32-bit
 * jmp; a call, where it is the last of the displaced instructions, with the return address that it would have
 * had.
 *
 * What cannot be seen: an indirect jump, or a jump from another function, to the middle of the displaced
 * bytes. Compilers make neither.
 */
#ifndef UVT_RELOCATE_X86_H
#define UVT_RELOCATE_X86_H

#include <stddef.h>
#include <stdint.h>

enum uvt_relocation {
  UVT_RELOCATION_OK,
  UVT_RELOCATION_TOO_SHORT,
  UVT_RELOCATION_UNDECODABLE,
  UVT_RELOCATION_BRANCH_INTO,
  UVT_RELOCATION_CALL,
  UVT_RELOCATION_RELATIVE,
  UVT_RELOCATION_OUT_OF_RANGE,
  UVT_RELOCATION_NO_SPACE,
};

/* One line for a person, without the full stop; static. */
const char *uvt_relocation_text(enum uvt_relocation result);

/* Enough for what 5 displaced bytes can become: jrcxz, jrcxz, call (9 + 9 + 27 bytes), and a jump back. */
#define UVT_RELOCATED_MAX 64

/* A function as it lies in memory (or in a file: nothing is read at `address`). */
struct uvt_function {
  const uint8_t *code;
  size_t size;
  uint64_t address;
};

/*
 * Can whole instructions that cover the first `need` bytes move? Sets `*displaced` to the bytes they take, at
 * least `need`. Decodes the function to its end, to know that it does not jump back into them.
 */
enum uvt_relocation uvt_relocation_plan(const struct uvt_function *function, size_t need, size_t *displaced);

/*
 * Writes the first `displaced` bytes (from uvt_relocation_plan) as they must be to run at `to`, then a jump
 * to the rest of the function, at most `out_size` bytes; sets `*written`.
 */
enum uvt_relocation uvt_relocation_write(const struct uvt_function *function, size_t displaced, uint64_t to,
                                         uint8_t *out, size_t out_size, size_t *written);

#endif
