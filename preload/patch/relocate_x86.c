/* SPDX-License-Identifier: MIT */
#include "relocate_x86.h"

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <string.h>

enum kind { PLAIN, JMP, JCC, LOOP, CALL_RELATIVE, CALL_INDIRECT, IMMOVABLE };

struct instruction {
  ZydisDecodedInstruction decoded;
  const uint8_t *bytes;
  uint64_t address;
  uint64_t target; /* where a relative branch goes, else 0 */
  enum kind kind;
};

struct writer {
  uint8_t *out;
  size_t size;
  size_t used;
  uint64_t to; /* where out[0] will lie */
  enum uvt_relocation result;
};

const char *uvt_relocation_text(enum uvt_relocation result)
{
  switch (result) {
  case UVT_RELOCATION_OK:
    return "can be moved";
  case UVT_RELOCATION_TOO_SHORT:
    return "the function is too short for a jump";
  case UVT_RELOCATION_UNDECODABLE:
    return "its bytes are no instructions";
  case UVT_RELOCATION_BRANCH_INTO:
    return "it jumps back to its first bytes";
  case UVT_RELOCATION_CALL:
    return "it begins with a call that cannot be moved";
  case UVT_RELOCATION_RELATIVE:
    return "it begins with a relative instruction that cannot be moved";
  case UVT_RELOCATION_OUT_OF_RANGE:
    return "its first instructions refer to something out of reach of their new place";
  case UVT_RELOCATION_NO_SPACE:
    return "its first instructions do not fit into their new place";
  }
  return "unknown";
}

static bool is_relative_branch(const ZydisDecodedInstruction *decoded)
{
  return decoded->raw.imm[0].is_relative;
}

static enum kind kind_of_relative(const ZydisDecodedInstruction *decoded)
{
  /* 66 e9: Intel's processors take it for a jmp by 32 bits, AMD's for one by 16 bits. */
  if (decoded->attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE)
    return IMMOVABLE;
  switch (decoded->mnemonic) {
  case ZYDIS_MNEMONIC_JMP:
    return JMP;
  case ZYDIS_MNEMONIC_CALL:
    return CALL_RELATIVE;
  case ZYDIS_MNEMONIC_LOOP:
  case ZYDIS_MNEMONIC_LOOPE:
  case ZYDIS_MNEMONIC_LOOPNE:
  case ZYDIS_MNEMONIC_JRCXZ:
  case ZYDIS_MNEMONIC_JECXZ:
    return LOOP;
  default:
    return decoded->meta.category == ZYDIS_CATEGORY_COND_BR && decoded->mnemonic != ZYDIS_MNEMONIC_XBEGIN
               ? JCC
               : IMMOVABLE;
  }
}

static bool addresses_by_stack_pointer(const ZydisDecodedInstruction *decoded)
{
  if (decoded->raw.modrm.rm != 4 || decoded->raw.rex.B)
    return false;
  return decoded->raw.modrm.mod == 3 || decoded->raw.sib.base == 4;
}

static enum kind kind_of(const ZydisDecodedInstruction *decoded)
{
  if (is_relative_branch(decoded))
    return kind_of_relative(decoded);
  if (decoded->mnemonic != ZYDIS_MNEMONIC_CALL)
    return PLAIN;
  if (decoded->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR || addresses_by_stack_pointer(decoded))
    return IMMOVABLE;
  return CALL_INDIRECT;
}

static bool decode(const struct uvt_function *function, size_t offset, struct instruction *instruction)
{
  ZydisDecoder decoder;
  ZydisDecodedInstruction *decoded = &instruction->decoded;

  if (ZYAN_FAILED(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)) ||
      ZYAN_FAILED(ZydisDecoderDecodeInstruction(&decoder, NULL, function->code + offset,
                                                function->size - offset, decoded)))
    return false;
  instruction->bytes = function->code + offset;
  instruction->address = function->address + offset;
  instruction->kind = kind_of(decoded);
  instruction->target = 0;
  if (is_relative_branch(decoded))
    instruction->target = instruction->address + decoded->length + (uint64_t)decoded->raw.imm[0].value.s;
  return true;
}

/* A call to the function's own entry is recursion: it shall reach the new code, as any other call. */
static bool branches_into(const struct instruction *instruction, uint64_t start, size_t length)
{
  if (!is_relative_branch(&instruction->decoded))
    return false;
  if (instruction->kind == CALL_RELATIVE && instruction->target == start)
    return false;
  return instruction->target - start < length;
}

static enum uvt_relocation check_branches(const struct uvt_function *function, size_t displaced)
{
  struct instruction instruction;
  size_t offset;

  for (offset = 0; offset < function->size; offset += instruction.decoded.length) {
    if (!decode(function, offset, &instruction))
      return UVT_RELOCATION_UNDECODABLE;
    if (branches_into(&instruction, function->address, displaced))
      return UVT_RELOCATION_BRANCH_INTO;
  }
  return UVT_RELOCATION_OK;
}

/*
 * A call returns behind itself, into the function's own bytes. These are intact only where the call is the
 * last displaced instruction; with 5 bytes to cover, every direct call is.
 */
static enum uvt_relocation check_movable(const struct instruction *instruction, size_t end, size_t need)
{
  bool is_call = instruction->decoded.mnemonic == ZYDIS_MNEMONIC_CALL;

  if (is_call && (end < need || instruction->kind == IMMOVABLE))
    return UVT_RELOCATION_CALL;
  return instruction->kind == IMMOVABLE ? UVT_RELOCATION_RELATIVE : UVT_RELOCATION_OK;
}

enum uvt_relocation uvt_relocation_plan(const struct uvt_function *function, size_t need, size_t *displaced)
{
  struct instruction instruction;
  enum uvt_relocation result;
  size_t end = 0;

  if (function->size < need)
    return UVT_RELOCATION_TOO_SHORT;
  while (end < need) {
    if (!decode(function, end, &instruction))
      return UVT_RELOCATION_UNDECODABLE;
    end += instruction.decoded.length;
    result = check_movable(&instruction, end, need);
    if (result != UVT_RELOCATION_OK)
      return result;
  }
  *displaced = end;
  return check_branches(function, end);
}

static void put(struct writer *writer, const void *bytes, size_t length)
{
  if (writer->size - writer->used < length) {
    writer->result = UVT_RELOCATION_NO_SPACE;
    return;
  }
  memcpy(writer->out + writer->used, bytes, length);
  writer->used += length;
}

static void put_int32(struct writer *writer, int64_t value)
{
  int32_t narrow = (int32_t)value;

  if (narrow != value)
    writer->result = UVT_RELOCATION_OUT_OF_RANGE;
  put(writer, &narrow, sizeof(narrow));
}

/* opcode, then the 32-bit distance from the end of the instruction to its target */
static void put_branch(struct writer *writer, const void *opcode, size_t length, uint64_t target)
{
  put(writer, opcode, length);
  put_int32(writer, (int64_t)(target - (writer->to + writer->used + 4)));
}

static void put_jmp(struct writer *writer, uint64_t target)
{
  put_branch(writer, "\xe9", 1, target);
}

/* 74 xx        je short   ->   0f 84 xx xx xx xx   je near */
static void put_jcc(struct writer *writer, const struct instruction *instruction)
{
  uint8_t opcode[2] = {0x0f, (uint8_t)(0x80 | (instruction->decoded.opcode & 0x0f))};

  put_branch(writer, opcode, sizeof(opcode), instruction->target);
}

/* e3 xx        jrcxz      ->   e3 02           jrcxz 1f
 *                              eb 05           jmp   2f
 *                              e9 xx xx xx xx  1: jmp near
 *                                              2:            */
static void put_loop(struct writer *writer, const struct instruction *instruction)
{
  /* all but the distance: an address-size prefix makes it jecxz, or a loop that counts in ecx */
  put(writer, instruction->bytes, instruction->decoded.length - 1U);
  put(writer, "\x02\xeb\x05", 3);
  put_jmp(writer, instruction->target);
}

static bool has_rip_operand(const ZydisDecodedInstruction *decoded)
{
  return (decoded->attributes & ZYDIS_ATTRIB_HAS_MODRM) && decoded->raw.modrm.mod == 0 &&
         decoded->raw.modrm.rm == 5;
}

/* 8b 05 xx xx xx xx   mov eax, [rip + xx]: the same bytes, but for the distance */
static void put_moved(struct writer *writer, const struct instruction *instruction, const uint8_t *bytes)
{
  const ZydisDecodedInstruction *decoded = &instruction->decoded;
  size_t tail = decoded->raw.disp.offset + 4U;

  if (!has_rip_operand(decoded)) {
    put(writer, bytes, decoded->length);
    return;
  }
  int64_t shift = (int64_t)(instruction->address - (writer->to + writer->used));
  put(writer, bytes, decoded->raw.disp.offset);
  put_int32(writer, decoded->raw.disp.value + shift);
  put(writer, bytes + tail, decoded->length - tail);
}

/* ff 15 xx xx xx xx   call [rip + xx]   ->   ff 25 xx xx xx xx   jmp [rip + xx] */
static void put_indirect_jump(struct writer *writer, const struct instruction *instruction)
{
  uint8_t bytes[ZYDIS_MAX_INSTRUCTION_LENGTH];

  memcpy(bytes, instruction->bytes, instruction->decoded.length);
  bytes[instruction->decoded.raw.modrm.offset] ^= 0x10 | 0x20; /* opcode extension /2 becomes /4 */
  put_moved(writer, instruction, bytes);
}

/*
 * e8 xx xx xx xx   call f   ->   e8 08 00 00 00      call 1f
 *                                xx xx ... xx        the address behind the call that was moved
 *                                ff 35 f2 ff ff ff   1: push [rip - 14]
 *                                8f 04 24            pop [rsp]
 *                                e9 xx xx xx xx      jmp f
 *
 * The callee returns into the function itself, whose unwind tables know the place, so that C++ exceptions,
 * thread cancellation and stack walks pass as before (the new place has no tables). It costs one mispredicted
 * return: the call keeps the processor's stack of return addresses in step. No register or flag changes. A
 * hardware shadow stack would object; no libuv program that runs under one is known.
 */
static void put_call(struct writer *writer, const struct instruction *instruction)
{
  uint64_t returns_to = instruction->address + instruction->decoded.length;

  put(writer, "\xe8\x08\x00\x00\x00", 5);
  put(writer, &returns_to, sizeof(returns_to));
  put(writer, "\xff\x35\xf2\xff\xff\xff\x8f\x04\x24", 9);
  if (instruction->kind == CALL_RELATIVE)
    put_jmp(writer, instruction->target);
  else
    put_indirect_jump(writer, instruction);
}

static void put_instruction(struct writer *writer, const struct instruction *instruction)
{
  switch (instruction->kind) {
  case PLAIN:
    put_moved(writer, instruction, instruction->bytes);
    break;
  case JMP:
    put_jmp(writer, instruction->target);
    break;
  case JCC:
    put_jcc(writer, instruction);
    break;
  case LOOP:
    put_loop(writer, instruction);
    break;
  case CALL_RELATIVE:
  case CALL_INDIRECT:
    put_call(writer, instruction);
    break;
  case IMMOVABLE:
    writer->result = UVT_RELOCATION_RELATIVE;
    break;
  }
}

static bool falls_through(const struct instruction *instruction)
{
  ZydisInstructionCategory category = instruction->decoded.meta.category;

  return category != ZYDIS_CATEGORY_UNCOND_BR && category != ZYDIS_CATEGORY_RET &&
         category != ZYDIS_CATEGORY_CALL;
}

enum uvt_relocation uvt_relocation_write(const struct uvt_function *function, size_t displaced, uint64_t to,
                                         uint8_t *out, size_t out_size, size_t *written)
{
  struct writer writer = {.out = out, .size = out_size, .to = to};
  struct instruction instruction;
  bool reaches_end = true;
  size_t offset;

  for (offset = 0; offset < displaced; offset += instruction.decoded.length) {
    if (!decode(function, offset, &instruction))
      return UVT_RELOCATION_UNDECODABLE;
    put_instruction(&writer, &instruction);
    reaches_end = falls_through(&instruction);
  }
  if (reaches_end)
    put_jmp(&writer, function->address + displaced);
  *written = writer.used;
  return writer.result;
}
