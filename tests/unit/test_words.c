/* SPDX-License-Identifier: MIT */
/* Texts from outside, made safe: at random, against what Unicode says. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/say.h"
#include "base/words.h"

enum { ROUNDS = 100000, PIECES_MOST = 24, TEXT_MAX = 128 };

static const char *const pieces[] = {
    "a",
    "<",
    "\"",
    "\\",
    "\n",
    "\r",
    "\t",
    "\x1b]0;x\x07",
    "\x1b[31m",
    "\x7f",
    "\xc2\x80",
    "\xc2\x9b"
    "2J",
    "\xc2\x9f",
    "\u00a0",
    "\u00e9",
    "\u061c",
    "\u200e",
    "\u202e",
    "\u2028",
    "\u2066",
    "\u2069",
    "\u20ac",
    "\uffff",
    "\U0001f600",
    "\U0010ffff",
    "\xc3",
    "\xe2\x82",
    "\xf0\x9f\x98",
    "\xed\xa0\x80",
    "\xc0\xaf",
    "\xf4\x90\x80\x80",
    "\xff",
    "\xe0\x80\x80",
    "\x80",
};

static uint64_t seed_of_run(void)
{
  const char *given = getenv("SEED");
  uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
  print_message("SEED=%" PRIu64 "\n", seed);
  return seed | 1;
}

static uint64_t next_random(uint64_t *state)
{
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static void make_text(uint64_t *random, char text[TEXT_MAX])
{
  text[0] = '\0';
  for (uint64_t i = next_random(random) % PIECES_MOST; i--;)
    strcat(text, pieces[next_random(random) % (sizeof pieces / sizeof *pieces)]);
}

/* The next code point, read as slowly as it gets; -1: that is not UTF-8. */
static int32_t take_point(const unsigned char **text)
{
  const unsigned char *p = *text;
  int more = *p < 0x80 ? 0 : (*p & 0xe0) == 0xc0 ? 1 : (*p & 0xf0) == 0xe0 ? 2 : (*p & 0xf8) == 0xf0 ? 3 : -1;
  static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
  if (more < 0)
    return -1;
  int32_t point = more ? *p & (0x3f >> more) : *p;
  for (int i = 1; i <= more; i++) {
    if ((p[i] & 0xc0) != 0x80)
      return -1;
    point = point << 6 | (p[i] & 0x3f);
  }
  *text += more + 1;
  return point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ? -1 : point;
}

static bool is_safe(int32_t point)
{
  return point >= 0x20 && !(point >= 0x7f && point < 0xa0) && point != 0x61c && point != 0x200e &&
         point != 0x200f && !(point >= 0x2028 && point <= 0x202e) && !(point >= 0x2066 && point <= 0x2069);
}

static void expect_safe(const char *text, bool ascii)
{
  const unsigned char *p = (const unsigned char *)text;
  while (*p) {
    int32_t point = take_point(&p);
    assert_true(is_safe(point));
    assert_true(!ascii || point < 0x80);
  }
}

static void test_clean_is_safe_at_every_size(void **state)
{
  (void)state;
  uint64_t random = seed_of_run();
  for (int i = 0; i < ROUNDS; i++) {
    char text[TEXT_MAX], clean[TEXT_MAX];
    make_text(&random, text);
    size_t size = 1 + next_random(&random) % TEXT_MAX;
    bool ascii = i & 1;
    uvt_words_clean(clean, size, text, ascii);
    assert_true(strlen(clean) < size);
    expect_safe(clean, ascii);
    uvt_words_clean(text, size, text, ascii); /* in its place */
    assert_string_equal(text, clean);
  }
}

/* What is put into too little room is the longest beginning of it that ends with a character. */
static void test_put_cuts_between_characters(void **state)
{
  (void)state;
  static const char *const whole[] = {"a", "\u00e9", "\u20ac", "\U0001f600"};
  uint64_t random = seed_of_run();
  for (int i = 0; i < ROUNDS; i++) {
    char text[TEXT_MAX] = "", put[TEXT_MAX], expected[TEXT_MAX] = "", room[TEXT_MAX];
    size_t size = 1 + next_random(&random) % 60;
    bool fits = true;
    for (uint64_t n = next_random(&random) % 20; n--;) {
      const char *character = whole[next_random(&random) % 4];
      strcat(text, character);
      fits = fits && strlen(expected) + strlen(character) < size;
      strcat(expected, fits ? character : "");
    }
    uvt_words_put(put, size, "%s", text);
    assert_string_equal(put, expected);
    snprintf(room, sizeof room, "%.*s", uvt_words_room(text, size - 1), text);
    assert_string_equal(room, expected);
  }
}

static void test_say_is_one_safe_line(void **state)
{
  (void)state;
  uint64_t random = seed_of_run();
  int ends[2], kept = dup(STDERR_FILENO);
  assert_true(kept >= 0 && pipe(ends) == 0);
  for (int i = 0; i < 1000; i++) {
    char text[TEXT_MAX], said[2 * TEXT_MAX] = "";
    make_text(&random, text);
    dup2(ends[1], STDERR_FILENO);
    uvt_say(i & 1 ? "tree" : NULL, "cannot open %s: no", text);
    dup2(kept, STDERR_FILENO);
    ssize_t length = read(ends[0], said, sizeof said - 1);
    char *end = strchr(said, '\n');
    assert_true(length > 0 && end && !end[1]);
    *end = '\0';
    expect_safe(said, false);
    assert_memory_equal(said, i & 1 ? "uvtree tree: cannot open " : "uvtree: cannot open ", i & 1 ? 25 : 20);
  }
  close(ends[0]);
  close(ends[1]);
  close(kept);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_clean_is_safe_at_every_size),
      cmocka_unit_test(test_put_cuts_between_characters),
      cmocka_unit_test(test_say_is_one_safe_line),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
