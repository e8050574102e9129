/* SPDX-License-Identifier: MIT */
/* DWARF call frame information as GCC, Clang and hand-written assembly use it on x86-64; see the LSB, part
 * "Exception Frames". Whatever is met that is not understood makes the frame one that cannot be passed. */
#include "unwind_rows.h"

#include <string.h>

#define ENC_OMIT 0xff
#define ENC_PCREL 0x10
#define HDR_TABLE_ENC 0x3b /* relative to the header, 4 bytes, signed: what every linker writes */

#define REG_FP 6
#define REG_SP 7
#define REG_RA 16
#define STATES_MAX 8

/* A reading position; `ok` falls when something cannot be read. */
struct reader {
  const uint8_t *at, *end;
  bool ok;
};

static uint64_t read_bytes(struct reader *r, size_t count)
{
  uint64_t value = 0;
  if (!r->ok || (size_t)(r->end - r->at) < count) {
    r->ok = false;
    return 0;
  }
  memcpy(&value, r->at, count);
  r->at += count;
  return value;
}

/* LEB128 (DWARF 5, 7.6); how many bits were read, and the last byte, which has the sign. */
static uint64_t read_leb(struct reader *r, unsigned *bits, uint64_t *last)
{
  uint64_t value = 0;
  *bits = 0;
  do {
    *last = read_bytes(r, 1);
    if (*bits < 64)
      value |= (*last & 0x7f) << *bits;
    *bits += 7;
  } while (r->ok && (*last & 0x80));
  return value;
}

static uint64_t read_uleb(struct reader *r)
{
  unsigned bits;
  uint64_t last;
  return read_leb(r, &bits, &last);
}

static void skip(struct reader *r, uint64_t count)
{
  if (!r->ok || (uint64_t)(r->end - r->at) < count)
    r->ok = false;
  else
    r->at += count;
}

/* The block of bytes whose length stands before it. */
static struct reader read_block(struct reader *r)
{
  uint64_t length = read_uleb(r);
  struct reader block = {r->at, r->at, r->ok};
  skip(r, length);
  block.ok = r->ok;
  block.end = r->at;
  return block;
}

static int64_t read_sleb(struct reader *r)
{
  unsigned bits;
  uint64_t last, value = read_leb(r, &bits, &last);
  if (bits < 64 && (last & 0x40))
    value |= ~UINT64_C(0) << bits;
  return (int64_t)value;
}

static int64_t read_encoded_number(struct reader *r, uint8_t format)
{
  switch (format) {
  case 0x0:
  case 0x4:
  case 0xc:
    return (int64_t)read_bytes(r, 8);
  case 0x1:
    return (int64_t)read_uleb(r);
  case 0x2:
    return (int64_t)read_bytes(r, 2);
  case 0x3:
    return (int64_t)read_bytes(r, 4);
  case 0x9:
    return read_sleb(r);
  case 0xa:
    return (int16_t)read_bytes(r, 2);
  case 0xb:
    return (int32_t)read_bytes(r, 4);
  default:
    r->ok = false;
    return 0;
  }
}

/* An address: absolute or relative to where it stands; other bases do not occur in .eh_frame on x86-64. */
static uintptr_t read_address(struct reader *r, uint8_t encoding)
{
  uintptr_t base = (encoding & 0x70) == ENC_PCREL ? (uintptr_t)r->at : 0;
  if ((encoding & 0x70) != ENC_PCREL && (encoding & 0x70) != 0)
    r->ok = false;
  return base + (uintptr_t)read_encoded_number(r, encoding & 0xf);
}

/* ---- What the FDE and its CIE say ---- */

struct frame_info {
  uintptr_t begin, end; /* of the function */
  uint64_t code_align;
  int64_t data_align;
  bool is_signal;
  struct reader initial, own; /* instructions */
};

static struct reader entry_at(const uint8_t *entry)
{
  uint32_t length;
  memcpy(&length, entry, sizeof length);
  struct reader r = {entry + 4, entry + 4 + length, length != 0 && length != UINT32_MAX};
  return r;
}

/* The augmentation's data, in the order of its letters; returns how addresses are encoded in the FDE. */
static uint8_t read_augmentation(struct reader *r, const char *letters, struct frame_info *info)
{
  uint8_t encoding = 0;
  if (*letters++ != 'z') {
    r->ok = letters[-1] == '\0';
    return encoding;
  }
  struct reader data = read_block(r);
  for (; *letters && data.ok; letters++) {
    if (*letters == 'R')
      encoding = (uint8_t)read_bytes(&data, 1);
    else if (*letters == 'S')
      info->is_signal = true;
    else if (*letters == 'L')
      read_bytes(&data, 1);
    else if (*letters == 'P')
      read_address(&data, (uint8_t)read_bytes(&data, 1) & 0x7f);
    else
      data.ok = false;
  }
  r->ok &= data.ok;
  return encoding;
}

static bool read_cie(const uint8_t *cie, struct frame_info *info, uint8_t *encoding)
{
  struct reader r = entry_at(cie);
  bool is_cie = read_bytes(&r, 4) == 0;
  uint8_t version = (uint8_t)read_bytes(&r, 1);
  const char *letters = (const char *)r.at;
  if (!r.ok || !is_cie || (version != 1 && version != 3))
    return false;
  skip(&r, strnlen(letters, (size_t)(r.end - r.at)) + 1);
  info->code_align = read_uleb(&r);
  info->data_align = read_sleb(&r);
  uint64_t ra = version == 1 ? read_bytes(&r, 1) : read_uleb(&r);
  *encoding = read_augmentation(&r, letters, info);
  info->initial = r;
  return r.ok && ra == REG_RA;
}

static bool read_fde(const uint8_t *fde, struct frame_info *info)
{
  struct reader r = entry_at(fde);
  const uint8_t *field = r.at;
  uint32_t to_cie = (uint32_t)read_bytes(&r, 4);
  uint8_t encoding = 0;
  if (!r.ok || !to_cie || !read_cie(field - to_cie, info, &encoding))
    return false;
  info->begin = read_address(&r, encoding);
  info->end = info->begin + (uintptr_t)read_encoded_number(&r, encoding & 0xf);
  read_block(&r); /* augmentation: every CIE in use has a 'z' */
  info->own = r;
  return r.ok;
}

/* ---- Its instructions ---- */

enum rule { RULE_SAME, RULE_AT_CFA, RULE_AT_FP, RULE_UNDEFINED, RULE_OTHER };

struct state {
  enum uvt_row_kind cfa_kind; /* UVT_ROW_NONE: not understood */
  int64_t cfa;
  struct {
    enum rule rule;
    int64_t offset;
  } fp, ra;
};

struct machine {
  struct frame_info *info;
  struct state now, initial, kept[STATES_MAX];
  unsigned kept_count;
  uintptr_t at;
};

static void set_rule(struct state *state, uint64_t reg, enum rule rule, int64_t offset)
{
  if (reg == REG_FP) {
    state->fp.rule = rule;
    state->fp.offset = offset;
  } else if (reg == REG_RA) {
    state->ra.rule = rule;
    state->ra.offset = offset;
  }
}

static void set_cfa_register(struct state *state, uint64_t reg)
{
  state->cfa_kind = reg == REG_SP ? UVT_ROW_SP : reg == REG_FP ? UVT_ROW_FP : UVT_ROW_NONE;
}

/* Of expressions: [fp + n] dereferenced, which GCC writes for functions that align their stack; as the CFA.
 */
static void set_cfa_expression(struct reader *r, struct state *state)
{
  struct reader expression = read_block(r);
  bool is_fp = read_bytes(&expression, 1) == 0x70 + REG_FP;
  state->cfa = read_sleb(&expression);
  bool is_deref = read_bytes(&expression, 1) == 0x06;
  state->cfa_kind =
      expression.ok && is_fp && is_deref && expression.at == expression.end ? UVT_ROW_FP_DEREF : UVT_ROW_NONE;
}

/* A register that lies at fp + n. */
static void set_expression(struct reader *r, struct state *state)
{
  uint64_t reg = read_uleb(r);
  struct reader expression = read_block(r);
  bool is_fp = read_bytes(&expression, 1) == 0x70 + REG_FP;
  int64_t offset = read_sleb(&expression);
  set_rule(state, reg, expression.ok && is_fp && expression.at == expression.end ? RULE_AT_FP : RULE_OTHER,
           offset);
}

static void restore(struct machine *machine, uint64_t reg)
{
  if (reg == REG_FP)
    machine->now.fp = machine->initial.fp;
  else if (reg == REG_RA)
    machine->now.ra = machine->initial.ra;
}

/* Instructions about single registers. False: none of them. */
static bool run_register(struct machine *machine, struct reader *r, uint8_t op)
{
  int64_t align = machine->info->data_align;
  uint64_t reg;
  switch (op) {
  case 0x05: /* offset_extended */
    reg = read_uleb(r);
    set_rule(&machine->now, reg, RULE_AT_CFA, (int64_t)read_uleb(r) * align);
    return true;
  case 0x11: /* offset_extended_sf */
    reg = read_uleb(r);
    set_rule(&machine->now, reg, RULE_AT_CFA, read_sleb(r) * align);
    return true;
  case 0x06: /* restore_extended */
    restore(machine, read_uleb(r));
    return true;
  case 0x07: /* undefined */
    set_rule(&machine->now, read_uleb(r), RULE_UNDEFINED, 0);
    return true;
  case 0x08: /* same_value */
    set_rule(&machine->now, read_uleb(r), RULE_SAME, 0);
    return true;
  case 0x09: /* register */
  case 0x14: /* val_offset */
    reg = read_uleb(r);
    read_uleb(r);
    set_rule(&machine->now, reg, RULE_OTHER, 0);
    return true;
  case 0x15: /* val_offset_sf */
    reg = read_uleb(r);
    read_sleb(r);
    set_rule(&machine->now, reg, RULE_OTHER, 0);
    return true;
  case 0x10: /* expression */
    set_expression(r, &machine->now);
    return true;
  case 0x16: /* val_expression */
    set_rule(&machine->now, read_uleb(r), RULE_OTHER, 0);
    read_block(r);
    return true;
  default:
    return false;
  }
}

/* Instructions about the CFA, and those about the row as a whole. False: none of them. */
static bool run_frame(struct machine *machine, struct reader *r, uint8_t op)
{
  struct state *now = &machine->now;
  switch (op) {
  case 0x00: /* nop */
    return true;
  case 0x0a: /* remember_state */
    if (machine->kept_count == STATES_MAX)
      return false;
    machine->kept[machine->kept_count++] = *now;
    return true;
  case 0x0b: /* restore_state */
    if (!machine->kept_count)
      return false;
    *now = machine->kept[--machine->kept_count];
    return true;
  case 0x0c: /* def_cfa */
    set_cfa_register(now, read_uleb(r));
    now->cfa = (int64_t)read_uleb(r);
    return true;
  case 0x12: /* def_cfa_sf */
    set_cfa_register(now, read_uleb(r));
    now->cfa = read_sleb(r) * machine->info->data_align;
    return true;
  case 0x0d: /* def_cfa_register */
    set_cfa_register(now, read_uleb(r));
    return true;
  case 0x0e: /* def_cfa_offset */
    now->cfa = (int64_t)read_uleb(r);
    return true;
  case 0x13: /* def_cfa_offset_sf */
    now->cfa = read_sleb(r) * machine->info->data_align;
    return true;
  case 0x0f: /* def_cfa_expression */
    set_cfa_expression(r, now);
    return true;
  case 0x2e: /* GNU_args_size */
    read_uleb(r);
    return true;
  default:
    return false;
  }
}

/* Moves on to another address; false: no such instruction. */
static bool run_advance(struct machine *machine, struct reader *r, uint8_t op)
{
  uint64_t delta = 0;
  if (op >> 6 == 1)
    delta = op & 0x3f;
  else if (op >= 0x02 && op <= 0x04)
    delta = read_bytes(r, (size_t)1 << (op - 2));
  else
    return false;
  machine->at += delta * machine->info->code_align;
  return true;
}

/* Runs instructions up to the row for `target`. False: something was not understood. */
static bool run(struct machine *machine, struct reader r, uintptr_t target)
{
  while (r.ok && r.at < r.end) {
    uint8_t op = (uint8_t)read_bytes(&r, 1);
    if (run_advance(machine, &r, op)) {
      if (machine->at > target)
        return r.ok;
    } else if (op >> 6 == 2) {
      set_rule(&machine->now, op & 0x3f, RULE_AT_CFA, (int64_t)read_uleb(&r) * machine->info->data_align);
    } else if (op >> 6 == 3) {
      restore(machine, op & 0x3f);
    } else if (!run_register(machine, &r, op) && !run_frame(machine, &r, op)) {
      return false;
    }
  }
  return r.ok;
}

static bool fits(int64_t value)
{
  return value >= INT32_MIN && value <= INT32_MAX;
}

static struct uvt_row row_of(const struct state *state)
{
  struct uvt_row row = {.kind = UVT_ROW_END};
  if (state->cfa_kind == UVT_ROW_NONE || state->ra.rule != RULE_AT_CFA || !fits(state->cfa) ||
      !fits(state->ra.offset) || !fits(state->fp.offset))
    return row;
  if (state->fp.rule == RULE_OTHER || state->fp.rule == RULE_UNDEFINED)
    return row;
  row.kind = (uint8_t)state->cfa_kind;
  row.cfa = (int32_t)state->cfa;
  row.ra = (int32_t)state->ra.offset;
  row.fp = (int32_t)state->fp.offset;
  row.fp_rule = state->fp.rule == RULE_AT_CFA  ? UVT_FP_AT_CFA
                : state->fp.rule == RULE_AT_FP ? UVT_FP_AT_FP
                                               : UVT_FP_SAME;
  return row;
}

struct uvt_row uvt_row_of_fde(uintptr_t pc, const uint8_t *fde)
{
  struct frame_info info = {0};
  struct uvt_row none = {.kind = UVT_ROW_NONE}, end = {.kind = UVT_ROW_END};
  uintptr_t target = pc - 1;
  if (!read_fde(fde, &info))
    return end;
  if (target < info.begin || target >= info.end)
    return none;
  if (info.is_signal)
    return (struct uvt_row){.kind = UVT_ROW_SIGNAL};
  struct machine machine = {.info = &info, .at = info.begin};
  machine.now.ra.rule = RULE_UNDEFINED;
  if (!run(&machine, info.initial, UINTPTR_MAX))
    return end;
  machine.initial = machine.now;
  machine.at = info.begin;
  return run(&machine, info.own, target) ? row_of(&machine.now) : end;
}

/* ---- The table of FDEs ---- */

struct table_entry {
  int32_t begin, fde; /* both relative to the header */
};

static const uint8_t *find_fde(uintptr_t target, const uint8_t *header)
{
  struct reader r = {header + 4, header + 32, true};
  if (header[0] != 1 || header[3] != HDR_TABLE_ENC || header[2] == ENC_OMIT)
    return NULL;
  read_address(&r, header[1] == ENC_OMIT ? 0 : header[1]);
  uint64_t count = (uint64_t)read_encoded_number(&r, header[2] & 0xf);
  const struct table_entry *table = (const struct table_entry *)r.at;
  if (!r.ok || !count)
    return NULL;
  size_t low = 0, high = count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if ((uintptr_t)header + (uintptr_t)(intptr_t)table[middle].begin <= target)
      low = middle;
    else
      high = middle;
  }
  return header + table[low].fde;
}

struct uvt_row uvt_row_find(uintptr_t pc, const void *eh_frame_hdr)
{
  const uint8_t *fde = eh_frame_hdr ? find_fde(pc - 1, eh_frame_hdr) : NULL;
  return fde ? uvt_row_of_fde(pc, fde) : (struct uvt_row){.kind = UVT_ROW_NONE};
}
