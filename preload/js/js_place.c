/* SPDX-License-Identifier: MIT */
#include "js_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/log.h"
#include "base/v8_parts.h"
#include "js_frames.h"
#include "js_function.h"
#include "js_hidden.h"
#include "recording/js_text.h"

#define NODES_PLACE "@node:internal"
#define FRAMES 32 /* of a stack trace, and of a walk that learns; fewer than a word has bits */
#define STEPS 48  /* of a walk */
#define TABLE_BITS 12

/* ---- What the frames of a stack trace are ---- */

enum passing { PASSES_ONE /* function of Node's */, PASSES_NONE, FOUND };
enum whose {
  OURS,      /* or Node's by which it reports a registration, or of no file */
  RESOURCES, /* AsyncResource and its kin */
  NODES,
  NODES_NEW, /* a constructor of Node's */
  PROGRAMS
};

static enum whose whose(const char *file, napi_value frame)
{
  if (!file[0] || !strcmp(file, UVT_JS_AGENT) || !strcmp(file, "node:internal/async_hooks"))
    return OURS;
  if (!uvt_js_is_nodes(file))
    return PROGRAMS;
  if (!strcmp(file, "node:async_hooks"))
    return RESOURCES;
  return v8_frame_is_constructor(frame) ? NODES_NEW : NODES;
}

/* How the walk goes on after a frame. */
static enum passing pass(enum passing passing, enum whose whose)
{
  if (whose == OURS || passing == FOUND)
    return passing;
  if (whose == RESOURCES)
    return PASSES_NONE;
  return whose == NODES && passing == PASSES_ONE ? PASSES_NONE : FOUND;
}

struct trace {
  size_t count, found; /* found: the frame by which the place was; count: by none */
  uint32_t place;
  struct {
    enum whose whose;
    uintptr_t function; /* what all closures of it share; else: its script */
  } frames[FRAMES];
};

static uint32_t nodes_place(void)
{
  return uvt_js_text(NODES_PLACE, strlen(NODES_PLACE));
}

static uint32_t place_of(const char *file, napi_value frame)
{
  char text[1100];
  int written =
      snprintf(text, sizeof text, "@%s:%d", uvt_js_path_of(file), v8_frame_location(frame).line + 1);
  return uvt_js_text(text, (size_t)written < sizeof text ? (size_t)written : sizeof text - 1);
}

static uintptr_t word(uintptr_t tagged, size_t index)
{
  return ((const uintptr_t *)(tagged - 1))[index];
}

/* Words of ... */
static __thread struct {
  size_t shared; /* a function: what all closures of it share */
  size_t traced; /* a frame of a stack trace: the same; 0: not known */
} v8 __attribute__((tls_model("initial-exec")));

static bool says_where(const void *isolate)
{
  return isolate && v8_stack_now && v8_stack_count && v8_stack_frame && v8_frame_script &&
         v8_frame_location && v8_frame_is_constructor && v8_function_script;
}

/* False: V8 does not say. */
static bool take_trace(napi_env env, bool through_node, struct trace *trace)
{
  void *isolate = v8_isolate_current ? v8_isolate_current() : NULL;
  if (!says_where(isolate))
    return false;
  napi_value stack = v8_stack_now(isolate, FRAMES, V8_STACK_DETAILED), found = NULL;
  size_t count = (size_t)v8_stack_count(stack);
  enum passing passing = through_node ? PASSES_ONE : PASSES_NONE;
  char file[1024] = "", place[sizeof file] = "";
  trace->count = 0;
  trace->found = count;
  for (size_t i = 0; i < count && i < FRAMES; i++) {
    size_t length;
    napi_value frame = v8_stack_frame(stack, isolate, (uint32_t)i), script = v8_frame_script(frame);
    if (!script || napi_get_value_string_utf8(env, script, file, sizeof file, &length))
      file[0] = '\0';
    trace->frames[i].whose = whose(file, frame);
    trace->frames[i].function = v8.traced ? word(*(uintptr_t *)frame, v8.traced) : 0;
    passing = pass(passing, trace->frames[i].whose);
    if (passing == FOUND && trace->found == count) {
      trace->found = i;
      found = frame;
      memcpy(place, file, sizeof place);
    }
    trace->count++;
  }
  trace->place =
      found && trace->frames[trace->found].whose == PROGRAMS ? place_of(place, found) : nodes_place();
  return true;
}

static uint32_t place_by_v8(napi_env env, bool through_node)
{
  struct trace trace;
  return take_trace(env, through_node, &trace) ? trace.place : 0;
}

/* ---- What is known of addresses ---- */

/* Go on to the caller, as enum passing; or: */
enum meaning { INTERPRETER = FOUND, ENTERED, NOT_KNOWN, PLACES };

struct known {
  uintptr_t key;
  uint32_t meaning; /* from PLACES on: that place */
};

static __thread struct {
  const void *isolate; /* NULL: nothing can be known */
  struct known *table;
  uint32_t nodes;                 /* NODES_PLACE */
  uintptr_t missed_fp, missed_pc; /* the frame that a fast call came from, whose meaning was not known */
  uint32_t unchecked;             /* found in a fast call */
  unsigned long found, asked, unclear, collections, checked, wrong;
} places __attribute__((tls_model("initial-exec")));

static uintptr_t key_of(uintptr_t address, enum passing passing)
{
  return address << 1 | passing;
}

static size_t index_of(uintptr_t key)
{
  return key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - TABLE_BITS);
}

/* Two that share a place do not chase each other out: the older one moves to the one beside it. */
static void enter(uintptr_t address, enum passing passing, uint32_t meaning)
{
  uintptr_t key = key_of(address, passing);
  struct known *known = &places.table[index_of(key)];
  if (known->key && known->key != key)
    places.table[index_of(key) ^ 1] = *known;
  *known = (struct known){key, meaning};
}

static __attribute__((noinline)) uint32_t meaning_beside(const struct known *table, uintptr_t key)
{
  const struct known *beside = &table[index_of(key) ^ 1];
  return beside->key == key ? beside->meaning : NOT_KNOWN;
}

static inline uint32_t meaning_at(const struct known *table, uintptr_t address, enum passing passing)
{
  uintptr_t key = key_of(address, passing);
  const struct known *known = &table[index_of(key)];
  return __builtin_expect(known->key == key, 1) ? known->meaning : meaning_beside(table, key);
}

static void before_collection(void *isolate, int type, int flags)
{
  (void)isolate, (void)type, (void)flags;
  places.collections++;
  if (places.table)
    memset(places.table, 0, sizeof *places.table << TABLE_BITS);
}

/* From the frame that was called from there. */
static uint32_t walk(uintptr_t fp, enum passing passing)
{
  const struct known *table = places.table;
  for (int step = 0; step < STEPS; step++) {
    uint32_t meaning = meaning_at(table, uvt_js_frame(fp)->pc, passing);
    fp = uvt_js_frame(fp)->caller;
    if (meaning == INTERPRETER)
      meaning = meaning_at(table, uvt_js_frame_bytecode(fp), passing);
    if (meaning >= PLACES)
      return meaning - PLACES;
    if (meaning <= PASSES_NONE) {
      passing = (enum passing)meaning;
    } else if (meaning == ENTERED) {
      fp = uvt_js_frame_word(fp, UVT_FRAME_FORMER_EXIT);
      if (!fp)
        return places.nodes;
    } else {
      break;
    }
  }
  return UVT_JS_PLACE_ASK;
}

/* ---- Learning what addresses mean ---- */

struct walked {
  uintptr_t pc, fp, function;
  bool is_javascript; /* of a script, so that it is in stack traces */
  bool is_entry, is_interpreted;
};

static size_t walk_all(uintptr_t fp, struct walked *walked)
{
  size_t count = 0, functions = 0;
  while (fp && count < STEPS && functions < FRAMES) {
    uintptr_t pc = uvt_js_frame(fp)->pc;
    fp = uvt_js_frame(fp)->caller;
    struct walked *at = &walked[count++];
    int script = uvt_js_frame_script(fp);
    *at = (struct walked){.pc = pc, .fp = fp, .is_interpreted = script > 0 && uvt_js_is_interpreter(pc)};
    if (script > 0 && !uvt_js_is_hidden(script)) {
      at->is_javascript = true;
      functions++;
      at->function = word(uvt_js_frame_word(fp, UVT_FRAME_FUNCTION), v8.shared);
    } else if (uvt_js_frame_is_entry(fp)) {
      at->is_entry = true;
      fp = uvt_js_frame_word(fp, UVT_FRAME_FORMER_EXIT);
    }
  }
  return count;
}

/*
 * Which frames of the trace each frame of JavaScript on the stack stands for: one, if it is interpreted, else
 * one or more, what was inlined first and the function itself last. As sets of frames of the trace at which
 * each can begin, so that all fits: `begins[n]` of the n-th, by what goes before and what comes after. Where
 * one of the two is cut off, what lies beyond fits.
 */
static void match(const struct walked *const *functions, size_t count, bool walked_all,
                  const struct trace *trace, uint64_t begins[FRAMES + 1])
{
  uint64_t fits[FRAMES + 1];
  const uint64_t end = UINT64_C(1) << trace->count;
  const bool cut = trace->count == FRAMES; /* it goes on */
  fits[count] = walked_all ? end : 2 * end - 1;
  for (size_t n = count; n-- > 0;) {
    fits[n] = cut ? end : 0;
    for (size_t from = 0; from < trace->count; from++)
      for (size_t last = from; last < trace->count; last++) {
        if (trace->frames[last].function == functions[n]->function && fits[n + 1] >> (last + 1) & 1)
          fits[n] |= UINT64_C(1) << from;
        if (functions[n]->is_interpreted)
          break;
        if (cut && last + 1 == trace->count)
          fits[n] |= UINT64_C(1) << from;
      }
  }
  begins[0] = fits[0] & 1;
  for (size_t n = 0; n < count; n++) {
    begins[n + 1] = begins[n] & end;
    for (size_t from = 0; from < trace->count; from++)
      for (size_t last = from; begins[n] >> from & 1 && last < trace->count; last++) {
        if (trace->frames[last].function == functions[n]->function)
          begins[n + 1] |= UINT64_C(1) << (last + 1) & fits[n + 1];
        if (functions[n]->is_interpreted)
          break;
      }
  }
}

/* What frames of the trace mean to a walk that comes to the first of them. */
static uint32_t meaning_of(const struct trace *trace, size_t from, size_t to, enum passing passing)
{
  for (; from < to; from++) {
    passing = pass(passing, trace->frames[from].whose);
    if (passing == FOUND)
      return PLACES + trace->place;
  }
  return (uint32_t)passing;
}

static bool is_one(uint64_t set)
{
  return set && !(set & (set - 1));
}

static void enter_frame(const struct walked *frame, enum passing passing, uint32_t meaning)
{
  if (frame->is_interpreted) {
    enter(frame->pc, passing, INTERPRETER);
    enter(uvt_js_frame_bytecode(frame->fp), passing, meaning);
    return;
  }
  enter(frame->pc, passing, meaning);
  if (frame->fp == places.missed_fp && frame->is_javascript) /* the same code, which has called twice */
    enter(places.missed_pc, passing, meaning);
}

/* Enters the frames from there on up to that by which the place was found, if it is clear which stand for
 * what. */
static void learn(uintptr_t exit, enum passing passing, const struct trace *trace)
{
  struct walked walked[STEPS];
  const struct walked *functions[FRAMES];
  uint64_t begins[FRAMES + 1];
  size_t count = walk_all(exit, walked), function_count = 0;
  for (size_t i = 0; i < count; i++)
    if (walked[i].is_javascript)
      functions[function_count++] = &walked[i];
  match(functions, function_count, count < STEPS && function_count < FRAMES, trace, begins);
  for (size_t i = 0, n = 0; i < count; i++) {
    if (!walked[i].is_javascript) {
      enter_frame(&walked[i], passing, walked[i].is_entry ? ENTERED : passing);
      continue;
    }
    uint64_t beyond = begins[n + 1] & ~((UINT64_C(2) << trace->found) - 1);
    if (!is_one(begins[n]) || (begins[n + 1] != beyond && (beyond || !is_one(begins[n + 1]))) ||
        !begins[n + 1]) {
      places.unclear++;
      return;
    }
    size_t from = (size_t)__builtin_ctzll(begins[n]),
           to = beyond ? trace->found + 1 : (size_t)__builtin_ctzll(begins[n + 1]);
    if (to > trace->count)
      return;
    uint32_t meaning = meaning_of(trace, from, to, passing);
    enter_frame(&walked[i], passing, meaning);
    if (meaning >= PLACES)
      return;
    passing = (enum passing)meaning;
    n++;
  }
}

static __attribute__((noinline)) uint32_t ask(napi_env env, enum passing passing)
{
  struct trace trace;
  napi_handle_scope scope;
  unsigned long collections = places.collections;
  uint32_t place = 0;
  if (napi_open_handle_scope(env, &scope))
    return 0;
  if (take_trace(env, passing == PASSES_ONE, &trace)) {
    place = trace.place;
    places.asked++;
    if (places.isolate && collections == places.collections) /* else what the trace holds has moved */
      learn(uvt_js_exit_frame(places.isolate), passing, &trace);
  }
  napi_close_handle_scope(env, scope);
  places.missed_fp = 0;
  return place;
}

static uint32_t checked(napi_env env, uint32_t place, bool through_node)
{
  uint32_t right = place_by_v8(env, through_node);
  places.checked++;
  if (place != right) {
    places.wrong++;
    uvt_log("places: wrong: %s in place of %s", uvt_js_text_of(place), uvt_js_text_of(right));
  }
  return right;
}

static uint32_t find(napi_env env, uintptr_t fast, bool through_node)
{
  enum passing passing = through_node ? PASSES_ONE : PASSES_NONE;
  if (__builtin_expect(!places.isolate, 0)) {
    if (uvt_env.locations != UVT_LOCATIONS_CHECKED)
      return 0; /* to ask V8 each time is too dear */
    return fast ? UVT_JS_PLACE_ASK : ask(env, passing);
  }
  uintptr_t from = fast ? fast : uvt_js_exit_frame(places.isolate);
  if (!from)
    return places.nodes;
  uint32_t place = walk(from, passing);
  if (__builtin_expect(place != UVT_JS_PLACE_ASK, 1)) {
    places.found++;
    return place;
  }
  if (!fast)
    return ask(env, passing);
  places.missed_fp = uvt_js_frame(fast)->caller;
  places.missed_pc = uvt_js_frame(fast)->pc;
  return UVT_JS_PLACE_ASK;
}

uint32_t uvt_js_place(napi_env env, uintptr_t fast, bool through_node)
{
  uint32_t place = find(env, fast, through_node);
  if (__builtin_expect(uvt_env.locations != UVT_LOCATIONS_CHECKED, 1))
    return place;
  if (fast) {
    if (place != UVT_JS_PLACE_ASK)
      places.unchecked = place;
    return UVT_JS_PLACE_ASK;
  }
  if (places.unchecked)
    place = places.unchecked;
  places.unchecked = 0;
  return checked(env, place, through_node);
}

/* ---- Begin and end ---- */

/* What a function and its frame in a stack trace have in common. */
static bool find_shared(void *isolate, uintptr_t probe)
{
  napi_value stack = v8_stack_now(isolate, 1, V8_STACK_DETAILED);
  if (v8_stack_count(stack) != 1)
    return false;
  uintptr_t frame = *(uintptr_t *)v8_stack_frame(stack, isolate, 0);
  int found = 0;
  for (size_t i = 1; i < 8; i++)
    for (size_t k = 1; k < 5; k++)
      if (word(probe, i) & 1 && word(probe, i) == word(frame, k)) {
        v8.shared = i;
        v8.traced = k;
        found++;
      }
  return found == 1;
}

static bool start(void *isolate)
{
  places.table = calloc(1u << TABLE_BITS, sizeof *places.table);
  if (!places.table)
    return false;
  places.isolate = isolate;
  places.nodes = nodes_place();
  v8_before_collections(isolate, before_collection, V8_COLLECTS_OLD);
  return true;
}

void uvt_js_places_start(napi_value function)
{
  void *isolate = v8_isolate_current ? v8_isolate_current() : NULL;
  if (places.isolate || !says_where(isolate) || !v8_before_collections)
    return;
  if (!uvt_js_frames_known() || !find_shared(isolate, *(uintptr_t *)function))
    uvt_log("places: none, V8's frames are not as expected");
  else if (start(isolate))
    uvt_log("places: found by frames");
}

void uvt_js_places_forget(void)
{
  if (places.isolate)
    uvt_log("places: %lu found, %lu asked of V8 (%lu unclear), %lu collections; %lu checked, %lu wrong",
            places.found, places.asked, places.unclear, places.collections, places.checked, places.wrong);
  free(places.table);
  memset(&places, 0, sizeof places);
  memset(&v8, 0, sizeof v8);
}
