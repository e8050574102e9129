/* SPDX-License-Identifier: MIT */
#include "histogram.h"

#include <errno.h>
#include <stdlib.h>

enum { DIGITS = 7 }; /* binary digits that are kept beside the first */

/* Bucket n of a value v: v itself where that is below 256, else its first 8 digits and how many follow. */
static size_t bucket_of(uint64_t value)
{
  int log = value ? 63 - __builtin_clzll(value) : 0;
  int shift = log > DIGITS ? log - DIGITS : 0;
  return (size_t)shift * UVT_HISTOGRAM_PAGE + (size_t)(value >> shift);
}

static uint64_t highest_of(size_t bucket)
{
  if (bucket < 2 * UVT_HISTOGRAM_PAGE)
    return bucket;
  size_t shift = bucket / UVT_HISTOGRAM_PAGE - 1;
  uint64_t first = bucket - shift * UVT_HISTOGRAM_PAGE;
  return (first << shift) + ((UINT64_C(1) << shift) - 1);
}

int uvt_histogram_add(struct uvt_histogram *histogram, uint64_t value)
{
  size_t bucket = bucket_of(value);
  uint64_t **page = &histogram->pages[bucket / UVT_HISTOGRAM_PAGE];
  if (!*page && !(*page = calloc(UVT_HISTOGRAM_PAGE, sizeof **page)))
    return -ENOMEM;
  (*page)[bucket % UVT_HISTOGRAM_PAGE]++;
  histogram->count++;
  histogram->total += value;
  if (value > histogram->max)
    histogram->max = value;
  return 0;
}

void uvt_histogram_clear(struct uvt_histogram *histogram)
{
  for (size_t i = 0; i < UVT_HISTOGRAM_PAGES; i++)
    free(histogram->pages[i]);
  *histogram = (struct uvt_histogram){0};
}

uint64_t uvt_histogram_next(const struct uvt_histogram *histogram, size_t *cursor, uint64_t *highest)
{
  for (size_t bucket = *cursor; bucket < (size_t)UVT_HISTOGRAM_PAGES * UVT_HISTOGRAM_PAGE; bucket++) {
    const uint64_t *page = histogram->pages[bucket / UVT_HISTOGRAM_PAGE];
    if (!page) {
      bucket |= UVT_HISTOGRAM_PAGE - 1;
      continue;
    }
    if (!page[bucket % UVT_HISTOGRAM_PAGE])
      continue;
    *cursor = bucket + 1;
    *highest = highest_of(bucket);
    return page[bucket % UVT_HISTOGRAM_PAGE];
  }
  return 0;
}

uint64_t uvt_histogram_percentile(const struct uvt_histogram *histogram, double percent)
{
  double exact = percent * (double)histogram->count / 100; /* in this order: 7 % of 100 are 7 */
  uint64_t wanted = (uint64_t)exact;
  wanted += (double)wanted < exact || wanted == 0; /* rounded up: the nearest rank */
  uint64_t seen = 0;
  uint64_t highest = 0;
  size_t cursor = 0;
  uint64_t count;
  while ((count = uvt_histogram_next(histogram, &cursor, &highest))) {
    seen += count;
    if (seen >= wanted)
      break;
  }
  return highest < histogram->max ? highest : histogram->max;
}
