/* SPDX-License-Identifier: MIT */
#include "stack_store.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/id_map.h"
#include "base/words.h"
#include "symbols.h"

enum {
  FRAME_BYTES = 160, /* a native frame with its text, about */
  HASH_BYTES = 32,   /* an entry of a map, with the room that it keeps free */
};

enum frame_kind { FRAME_TEXT, FRAME_ADDRESS, FRAME_NATIVE };

struct frame {
  enum frame_kind kind;
  uint32_t image;
  uint64_t at;    /* address, or offset in the image's file */
  char *text;     /* NULL: nobody has asked for it yet */
  uint32_t next;  /* of the same hash */
  uint64_t bytes; /* charged */
  bool is_own;    /* uvtree's */
};

struct image {
  char *path, *build_id;
  struct uvt_symbols *symbols;
  bool opened; /* or tried to */
};

struct stack {
  size_t first; /* in lists */
  uint32_t count;
  uint32_t next; /* of the same hash */
};

struct array {
  void *items;
  size_t count, capacity;
};

/* Number 0 is none, so the first of each array is not used. */
struct uvt_stack_store {
  unsigned holders;
  uint64_t left, refused;
  struct array frames, images, stacks, lists;
  struct uvt_id_map frame_hashes, stack_hashes; /* the first of that hash */
};

static struct frame *frame_at(const struct uvt_stack_store *store, uint32_t number)
{
  return (struct frame *)store->frames.items + number;
}

static struct image *image_at(const struct uvt_stack_store *store, uint32_t number)
{
  return (struct image *)store->images.items + number;
}

static struct stack *stack_at(const struct uvt_stack_store *store, uint32_t number)
{
  return (struct stack *)store->stacks.items + number;
}

/* ---- Room ---- */

bool uvt_stack_store_charge(struct uvt_stack_store *store, uint64_t bytes)
{
  if (bytes > store->left) {
    store->refused++;
    return false;
  }
  store->left -= bytes;
  return true;
}

void uvt_stack_store_refund(struct uvt_stack_store *store, uint64_t bytes)
{
  store->left += bytes;
}

uint64_t uvt_stack_store_refused(const struct uvt_stack_store *store)
{
  return store->refused;
}

static bool reserve(struct array *array, size_t count, size_t size)
{
  if (array->count + count <= array->capacity)
    return true;
  size_t capacity = (array->count + count) + array->capacity / 2;
  void *items = realloc(array->items, capacity * size);
  if (!items)
    return false;
  array->items = items;
  array->capacity = capacity;
  return true;
}

/* ---- Its life ---- */

struct uvt_stack_store *uvt_stack_store_create(uint64_t bytes)
{
  struct uvt_stack_store *store = calloc(1, sizeof *store);
  if (!store)
    return NULL;
  store->holders = 1;
  store->left = bytes;
  uvt_id_map_init(&store->frame_hashes, sizeof(uint32_t));
  uvt_id_map_init(&store->stack_hashes, sizeof(uint32_t));
  if (reserve(&store->frames, 1, sizeof(struct frame)) && reserve(&store->images, 1, sizeof(struct image)) &&
      reserve(&store->stacks, 1, sizeof(struct stack))) {
    memset(store->frames.items, 0, sizeof(struct frame));
    memset(store->images.items, 0, sizeof(struct image));
    memset(store->stacks.items, 0, sizeof(struct stack));
    store->frames.count = store->images.count = store->stacks.count = 1;
    return store;
  }
  uvt_stack_store_release(store);
  return NULL;
}

struct uvt_stack_store *uvt_stack_store_hold(struct uvt_stack_store *store)
{
  store->holders++;
  return store;
}

void uvt_stack_store_release(struct uvt_stack_store *store)
{
  if (!store || --store->holders)
    return;
  for (size_t i = 0; i < store->frames.count; i++)
    free(frame_at(store, (uint32_t)i)->text);
  for (size_t i = 0; i < store->images.count; i++) {
    struct image *image = image_at(store, (uint32_t)i);
    free(image->path);
    free(image->build_id);
    uvt_symbols_close(image->symbols);
  }
  free(store->frames.items);
  free(store->images.items);
  free(store->stacks.items);
  free(store->lists.items);
  uvt_id_map_clear(&store->frame_hashes);
  uvt_id_map_clear(&store->stack_hashes);
  free(store);
}

/* ---- Whose they are ---- */

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash && slash[1] ? slash + 1 : path;
}

static bool is_one_of(const char *const *patterns, size_t count, const char *name, size_t length)
{
  char file[128];
  uvt_words_put(file, sizeof file, "%.*s", (int)(length < sizeof file ? length : sizeof file - 1), name);
  for (size_t i = 0; i < count; i++) {
    if (!fnmatch(patterns[i], file, 0))
      return true;
  }
  return false;
}

/* uvtree's own, which are in no stack; the JavaScript that runs in the injected object has a name of its own.
 */
static bool is_own_file(const char *name, size_t length)
{
  static const char *const patterns[] = {"libuvtree.so", "libuvtree-*.so"};
  return is_one_of(patterns, sizeof patterns / sizeof *patterns, name, length);
}

static bool is_runtime_file(const char *name, size_t length)
{
  static const char *const patterns[] = {
      "node",        "nodejs",    "libnode.so*",   "libuv.so*",    "libc.so*",      "libc-*.so",
      "libpthread*", "ld-linux*", "libstdc++.so*", "libgcc_s.so*", "liblttng-ust*", "*vdso*",
  };
  return is_one_of(patterns, sizeof patterns / sizeof *patterns, name, length);
}

/* Of "function+0x1f (file)" and "/path/file+0x1f" the file, *length characters; NULL: it is of neither form.
 */
static const char *native_file(const char *frame, size_t *length)
{
  const char *parenthesis = strrchr(frame, '(');
  const char *plus = strrchr(frame, '+');
  const char *end = frame + strlen(frame);
  if (!plus || strncmp(plus, "+0x", 3))
    return NULL;
  if (parenthesis && parenthesis > plus && end[-1] == ')') {
    *length = (size_t)(end - 1 - (parenthesis + 1));
    return parenthesis + 1;
  }
  const char *file = plus;
  while (file > frame && file[-1] != '/')
    file--;
  *length = (size_t)(plus - file);
  return file;
}

/* Of "name file:line:column" the script, where it begins so; it may hold spaces, so it is told by how it
 * begins. */
static bool is_in_script(const char *frame, const char *script)
{
  size_t length = strlen(script);
  if (!strncmp(frame, script, length))
    return true;
  for (const char *space = frame; (space = strchr(space, ' ')); space++) {
    if (!strncmp(space + 1, script, length))
      return true;
  }
  return false;
}

static bool is_own_text(const char *frame)
{
  size_t length;
  const char *file = native_file(frame, &length);
  return (file && is_own_file(file, length)) || is_in_script(frame, "node:internal/uvtree:");
}

static bool is_own(const struct uvt_stack_store *store, const struct frame *frame)
{
  if (frame->kind == FRAME_TEXT)
    return is_own_text(frame->text);
  const char *file = frame->kind == FRAME_NATIVE ? base_name(image_at(store, frame->image)->path) : "";
  return is_own_file(file, strlen(file));
}

/* ---- Frames ---- */

static uint64_t hash_frame(const struct frame *frame)
{
  if (frame->kind == FRAME_TEXT)
    return uvt_hash_text(frame->kind, frame->text);
  return uvt_hash_bytes(uvt_hash_bytes(frame->kind, &frame->image, sizeof frame->image), &frame->at,
                        sizeof frame->at);
}

static bool is_same(const struct frame *a, const struct frame *b)
{
  if (a->kind != b->kind)
    return false;
  return a->kind == FRAME_TEXT ? !strcmp(a->text, b->text) : a->image == b->image && a->at == b->at;
}

/* Takes the frame's own copy of its text over. */
static uint32_t append_frame(struct uvt_stack_store *store, const struct frame *frame, uint64_t hash)
{
  uint32_t *place = NULL;
  if (reserve(&store->frames, 1, sizeof *frame))
    place = uvt_id_map_add(&store->frame_hashes, hash);
  if (!place)
    return 0;
  uint32_t number = (uint32_t)store->frames.count++;
  *frame_at(store, number) = *frame;
  frame_at(store, number)->is_own = is_own(store, frame);
  frame_at(store, number)->next = *place;
  return *place = number;
}

static uint32_t find_or_add(struct uvt_stack_store *store, const struct frame *wanted, uint64_t bytes)
{
  uint64_t hash = hash_frame(wanted);
  const uint32_t *first = uvt_id_map_find(&store->frame_hashes, hash);
  for (uint32_t i = first ? *first : 0; i; i = frame_at(store, i)->next) {
    if (is_same(frame_at(store, i), wanted))
      return i;
  }
  struct frame own = *wanted;
  if (!uvt_stack_store_charge(store, bytes))
    return 0;
  if (own.text && !(own.text = strdup(own.text)))
    return 0;
  uint32_t number = append_frame(store, &own, hash);
  if (!number)
    free(own.text);
  return number;
}

uint32_t uvt_frame_of_text(struct uvt_stack_store *store, const char *text)
{
  char cut[UVT_FRAME_TEXT_MAX];
  uvt_words_put(cut, sizeof cut, "%s", text);
  struct frame frame = {.kind = FRAME_TEXT, .text = cut};
  return find_or_add(store, &frame, sizeof frame + HASH_BYTES + strlen(cut) + 1);
}

uint32_t uvt_frame_of_address(struct uvt_stack_store *store, uint64_t address)
{
  struct frame frame = {.kind = FRAME_ADDRESS, .at = address};
  return find_or_add(store, &frame, FRAME_BYTES);
}

uint32_t uvt_frame_in_image(struct uvt_stack_store *store, uint32_t image, uint64_t offset)
{
  struct frame frame = {.kind = FRAME_NATIVE, .image = image, .at = offset};
  return find_or_add(store, &frame, FRAME_BYTES);
}

/* There are few: a process's files. */
uint32_t uvt_image_of(struct uvt_stack_store *store, const char *path, const char *build_id)
{
  for (size_t i = 1; i < store->images.count; i++) {
    const struct image *image = image_at(store, (uint32_t)i);
    if (!strcmp(image->path, path) && !strcmp(image->build_id, build_id))
      return (uint32_t)i;
  }
  if (!uvt_stack_store_charge(store, sizeof(struct image) + strlen(path) + strlen(build_id)) ||
      !reserve(&store->images, 1, sizeof(struct image)))
    return 0;
  struct image image = {.path = strdup(path), .build_id = strdup(build_id)};
  if (!image.path || !image.build_id) {
    free(image.path);
    free(image.build_id);
    return 0;
  }
  *image_at(store, (uint32_t)store->images.count) = image;
  return (uint32_t)store->images.count++;
}

/* ---- Stacks ---- */

static const uint32_t *list_of(const struct uvt_stack_store *store, const struct stack *stack)
{
  return (const uint32_t *)store->lists.items + stack->first;
}

static uint32_t append_stack(struct uvt_stack_store *store, const uint32_t *frames, size_t count,
                             uint64_t hash)
{
  uint32_t *place = NULL;
  if (reserve(&store->stacks, 1, sizeof(struct stack)) && reserve(&store->lists, count, sizeof *frames))
    place = uvt_id_map_add(&store->stack_hashes, hash);
  if (!place)
    return 0;
  uint32_t number = (uint32_t)store->stacks.count++;
  *stack_at(store, number) =
      (struct stack){.first = store->lists.count, .count = (uint32_t)count, .next = *place};
  memcpy((uint32_t *)store->lists.items + store->lists.count, frames, count * sizeof *frames);
  store->lists.count += count;
  return *place = number;
}

static uint32_t find_or_add_stack(struct uvt_stack_store *store, const uint32_t *frames, size_t count)
{
  size_t size = count * sizeof *frames;
  uint64_t hash = uvt_hash_bytes(0, frames, size);
  const uint32_t *first = uvt_id_map_find(&store->stack_hashes, hash);
  for (uint32_t i = first ? *first : 0; i; i = stack_at(store, i)->next) {
    if (stack_at(store, i)->count == count && !memcmp(list_of(store, stack_at(store, i)), frames, size))
      return i;
  }
  if (!uvt_stack_store_charge(store, sizeof(struct stack) + HASH_BYTES + size))
    return 0;
  return append_stack(store, frames, count, hash);
}

uint32_t uvt_stack_of(struct uvt_stack_store *store, uint32_t *frames, size_t count)
{
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    if (!frame_at(store, frames[i])->is_own)
      frames[kept++] = frames[i];
  }
  return kept ? find_or_add_stack(store, frames, kept) : 0;
}

size_t uvt_stack_length(const struct uvt_stack_store *store, uint32_t stack)
{
  return stack_at(store, stack)->count;
}

/* ---- Texts ---- */

static void name_native(struct image *image, uint64_t offset, char *text, size_t size)
{
  char function[UVT_FRAME_TEXT_MAX - 128];
  if (!image->opened)
    image->symbols = uvt_symbols_open(image->path, image->build_id);
  image->opened = true;
  if (image->symbols && uvt_symbols_find(image->symbols, offset, function, sizeof function))
    uvt_words_put(text, size, "%s (%.*s)", function, uvt_words_room(base_name(image->path), 100),
                  base_name(image->path));
  else
    uvt_words_put(text, size, "%.*s+0x%" PRIx64, uvt_words_room(image->path, 900), image->path, offset);
}

const char *uvt_stack_frame(struct uvt_stack_store *store, uint32_t stack, size_t index)
{
  struct frame *frame = frame_at(store, list_of(store, stack_at(store, stack))[index]);
  if (!frame->text) {
    char text[UVT_FRAME_TEXT_MAX];
    if (frame->kind == FRAME_NATIVE)
      name_native(image_at(store, frame->image), frame->at, text, sizeof text);
    else
      snprintf(text, sizeof text, "0x%" PRIx64, frame->at);
    frame->text = strdup(text);
  }
  return frame->text ? frame->text : "";
}

/* ---- Where the program is ---- */

static bool is_internal(const struct uvt_stack_store *store, const struct frame *frame)
{
  if (frame->kind == FRAME_TEXT)
    return uvt_frame_is_internal(frame->text);
  const char *file = frame->kind == FRAME_NATIVE ? base_name(image_at(store, frame->image)->path) : "";
  return frame->kind == FRAME_ADDRESS || is_runtime_file(file, strlen(file));
}

/* But not those that only tell of what is registered. */
static bool is_function_of_node(const struct frame *frame)
{
  return frame->kind == FRAME_TEXT && strstr(frame->text, " node:") &&
         !strstr(frame->text, " node:internal/async_hooks:");
}

/* Without a look into binaries for those that are passed over. */
const char *uvt_stack_site(struct uvt_stack_store *store, uint32_t stack)
{
  size_t count = uvt_stack_length(store, stack), script = 0;
  const uint32_t *frames = list_of(store, stack_at(store, stack));
  for (size_t i = 0; i < count; i++) {
    const struct frame *frame = frame_at(store, frames[i]);
    if (!is_internal(store, frame))
      return uvt_stack_frame(store, stack, i);
    if (!script && is_function_of_node(frame))
      script = i + 1;
  }
  return uvt_stack_frame(store, stack, script ? script - 1 : 0);
}

bool uvt_frame_is_internal(const char *frame)
{
  static const char *const engines[] = {"Builtin:", "BytecodeHandler:", "Stub:", "Handler:", "RegExp:", "0x"};
  for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
    if (!strncmp(frame, engines[i], strlen(engines[i])))
      return true;
  }
  size_t length;
  const char *file = native_file(frame, &length);
  return (file && is_runtime_file(file, length)) || is_in_script(frame, "node:");
}
