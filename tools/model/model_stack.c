/* SPDX-License-Identifier: MIT */
/*
 * Stacks: what lies at which address of a process, and the stacks that were told. A stack's frames are read
 * when it is told, by what was told before it to lie at their addresses; later the same address may be
 * another function's.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "code_regions.h"
#include "model_state.h"
#include "stream/stack_store.h"

/* Stacks that wait for their link; the oldest goes when there are more. */
enum { WAITING_MAX = 64, NUMBER_BYTES = 32 };

struct uvt_process_stacks {
  struct uvt_code_regions code;   /* what: a frame of the store */
  struct uvt_code_regions images; /* what: an image of the store */
  struct uvt_id_map numbers;      /* the trace's number of a stack: the store's (uint32_t) */
  struct {
    uint64_t link_id;
    uint32_t stack; /* the trace's number; 0: taken */
  } waiting[WAITING_MAX];
  size_t waiting_next;
};

/* NULL: out of memory. */
static struct uvt_process_stacks *stacks_of(struct uvt_model *model, struct uvt_process *process)
{
  if (!model->stacks)
    model->stacks = uvt_stack_store_create(UVT_STACK_STORE_BYTES);
  if (model->stacks && !process->stacks) {
    process->stacks = calloc(1, sizeof *process->stacks);
    if (process->stacks)
      uvt_id_map_init(&process->stacks->numbers, sizeof(uint32_t));
  }
  if (!model->stacks || !process->stacks)
    uvt_model_fail(model, -ENOMEM);
  return model->stacks ? process->stacks : NULL;
}

void uvt_stacks_clear(struct uvt_model *model, struct uvt_process *process)
{
  struct uvt_process_stacks *stacks = process->stacks;
  if (!stacks)
    return;
  uvt_stack_store_refund(model->stacks, (stacks->code.count + stacks->images.count) * UVT_CODE_REGION_BYTES +
                                            stacks->numbers.count * NUMBER_BYTES);
  uvt_code_regions_clear(&stacks->code);
  uvt_code_regions_clear(&stacks->images);
  uvt_id_map_clear(&stacks->numbers);
  free(stacks);
  process->stacks = NULL;
}

/* ---- What lies where ---- */

static void add_region(struct uvt_model *model, struct uvt_code_regions *regions,
                       const struct uvt_code_region *region)
{
  size_t before = regions->count;
  uvt_code_regions_remove(regions, region->start, region->end);
  uvt_stack_store_refund(model->stacks, (before - regions->count) * UVT_CODE_REGION_BYTES);
  if (!region->what || !uvt_stack_store_charge(model->stacks, UVT_CODE_REGION_BYTES))
    return;
  before = regions->count;
  if (uvt_code_regions_add(regions, region))
    uvt_model_fail(model, -ENOMEM);
  if (regions->count == before)
    uvt_stack_store_refund(model->stacks, UVT_CODE_REGION_BYTES);
}

/* "JS:*f file:line:column" is f, however V8 runs it just now; what else V8 names stays as it is. */
static const char *function_of_code(const char *name)
{
  static const char *const kinds[] = {"JS:", "Function:", "LazyCompile:", "Script:", "Eval:"};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    size_t length = strlen(kinds[i]);
    if (!strncmp(name, kinds[i], length)) {
      name += length;
      break;
    }
  }
  name += name[0] == 'o' && name[1] && strchr("*+", name[1]); /* compiled while it ran */
  bool marked = *name && strchr("~^*+", *name);
  return name + marked + (marked && name[1] == '\'');
}

/* The text of a frame: "function file:line:column". An ES module's file is told as its URL. */
static uint32_t javascript_frame(struct uvt_model *model, const char *function)
{
  static const char scheme[] = "file://", nameless[] = "(anonymous)";
  char text[1024];
  const char *url = strstr(function, scheme);
  const char *rest = url ? url + strlen(scheme) : "";
  uvt_words_put(text, sizeof text, "%s%.*s%s", *function == ' ' ? nameless : "",
                (int)(url ? url - function : (ptrdiff_t)sizeof text), function, rest);
  return uvt_frame_of_text(model->stacks, text);
}

void uvt_model_code(struct uvt_model *model, struct uvt_process *process, const struct uvt_rec_code *record)
{
  struct uvt_process_stacks *stacks = stacks_of(model, process);
  if (!stacks)
    return;
  struct uvt_code_region region = {
      .start = record->address,
      .end = record->address + record->size,
      .what = javascript_frame(model, function_of_code(record->name ? record->name : ""))};
  add_region(model, &stacks->code, &region);
}

void uvt_model_image(struct uvt_model *model, struct uvt_process *process, const struct uvt_rec_image *record)
{
  struct uvt_process_stacks *stacks = stacks_of(model, process);
  if (!stacks)
    return;
  struct uvt_code_region region = {.start = record->start,
                                   .end = record->start + record->size,
                                   .offset = record->offset,
                                   .what = uvt_image_of(model->stacks, record->path ? record->path : "",
                                                        record->build_id ? record->build_id : "")};
  add_region(model, &stacks->images, &region);
}

/* ---- Stacks ---- */

/* A frame is a return address: what it belongs to is what lies just before it. */
static uint32_t read_frame(struct uvt_model *model, const struct uvt_process *process, uint64_t frame)
{
  const struct uvt_process_stacks *stacks = process->stacks;
  if (frame & UVT_FRAME_STRING) {
    const char *text = uvt_map_get(&process->texts, frame & ~UVT_FRAME_STRING);
    return text ? javascript_frame(model, text) : uvt_frame_of_text(model->stacks, "unknown");
  }
  const struct uvt_code_region *code = uvt_code_regions_find(&stacks->code, frame - 1);
  if (code)
    return code->what;
  const struct uvt_code_region *image = uvt_code_regions_find(&stacks->images, frame - 1);
  if (image)
    return uvt_frame_in_image(model->stacks, image->what, frame - image->start + image->offset);
  return uvt_frame_of_address(model->stacks, frame);
}

static void keep_number(struct uvt_model *model, struct uvt_process_stacks *stacks, uint32_t number,
                        uint32_t stack)
{
  uint32_t *place = uvt_id_map_find(&stacks->numbers, number);
  if (!place && stack && !uvt_stack_store_charge(model->stacks, NUMBER_BYTES))
    return;
  if (!place && stack && !(place = uvt_id_map_add(&stacks->numbers, number)))
    uvt_model_fail(model, -ENOMEM);
  if (place)
    *place = stack;
}

void uvt_model_stack(struct uvt_model *model, struct uvt_process *process, const struct uvt_rec_stack *record)
{
  uint32_t frames[UVT_STACK_FRAMES];
  struct uvt_process_stacks *stacks = stacks_of(model, process);
  uint32_t count = record->frames.count < UVT_STACK_FRAMES ? record->frames.count : UVT_STACK_FRAMES;
  if (!stacks)
    return;
  bool whole = true;
  for (uint32_t i = 0; i < count && whole; i++)
    whole = (frames[i] = read_frame(model, process, record->frames.at[i])) != 0;
  keep_number(model, stacks, record->stack, whole ? uvt_stack_of(model->stacks, frames, count) : 0);
}

void uvt_model_link_stack(struct uvt_model *model, struct uvt_process *process,
                          const struct uvt_rec_link_stack *record)
{
  struct uvt_process_stacks *stacks = stacks_of(model, process);
  if (!stacks)
    return;
  size_t place = stacks->waiting_next++ % WAITING_MAX;
  stacks->waiting[place].link_id = record->link_id;
  stacks->waiting[place].stack = record->stack;
}

/* ---- In events ---- */

void uvt_event_add_stack(struct uvt_model *model, const struct uvt_process *process, struct uvt_event *event,
                         uint32_t number)
{
  if (!number)
    return;
  const uint32_t *stack = process->stacks ? uvt_id_map_find(&process->stacks->numbers, number) : NULL;
  if (stack && *stack)
    uvt_event_add_stack_of(event, "stack", model->stacks, *stack);
  else /* its record was lost, or there was no room for it */
    uvt_event_add_bool(event, "stackLost", true);
}

/* It was written just before the link, so only records of other threads can lie between. */
void uvt_event_add_link_stack(struct uvt_model *model, struct uvt_process *process, struct uvt_event *event)
{
  struct uvt_process_stacks *stacks = process->stacks;
  for (size_t back = 1; stacks && back <= WAITING_MAX && back <= stacks->waiting_next; back++) {
    size_t place = (stacks->waiting_next - back) % WAITING_MAX;
    if (!stacks->waiting[place].stack || stacks->waiting[place].link_id != event->linkID)
      continue;
    uvt_event_add_stack(model, process, event, stacks->waiting[place].stack);
    stacks->waiting[place].stack = 0;
    if (back == 1)
      stacks->waiting_next--;
    return;
  }
}
