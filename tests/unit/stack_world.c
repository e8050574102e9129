/* SPDX-License-Identifier: MIT */
#include "stack_world.h"

#include <stdio.h>

#include "recording/announce.h"

struct told_code told_codes[64];
size_t told_codes_count;

static void take_code(const struct uvt_rec_code *record)
{
  if (told_codes_count == sizeof told_codes / sizeof *told_codes)
    return;
  struct told_code *told = &told_codes[told_codes_count++];
  told->address = record->address;
  told->size = record->size;
  snprintf(told->name, sizeof told->name, "%s", record->name);
}

static void take_stack(const struct uvt_rec_stack *record)
{
  (void)record;
}

static void take_image(const struct uvt_rec_image *record)
{
  (void)record;
}

static void take_string(const struct uvt_rec_string *record)
{
  (void)record;
}

static const int always = 1;
static const struct uvt_emit emit = {.records_begin = &always,
                                     .records_link = &always,
                                     .code = take_code,
                                     .stack = take_stack,
                                     .image = take_image,
                                     .string = take_string};
const struct uvt_emit *uvt_emit = &emit;
uint32_t uvt_process = 1, uvt_epoch = 1;
uint8_t uvt_on = 1;

void uvt_count_lost(uint64_t count)
{
  (void)count;
}
