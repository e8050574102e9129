/* SPDX-License-Identifier: MIT */
/*
 * A histogram with a fixed relative error, as HdrHistogram's (which Debian 12 does not package for C): values
 * below 256 are counted exactly, all others in buckets that are 1/128 of the value wide or narrower. Memory
 * is bounded (60 KiB) and taken as it is needed: 1 KiB for each power of two that occurs.
 */
#ifndef UVT_HISTOGRAM_H
#define UVT_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { UVT_HISTOGRAM_PAGE = 128, UVT_HISTOGRAM_PAGES = 58 };

struct uvt_histogram {
  uint64_t count, total, max;
  uint64_t *pages[UVT_HISTOGRAM_PAGES];
};

/* 0, or -ENOMEM. One that is all zero is empty. */
int uvt_histogram_add(struct uvt_histogram *histogram, uint64_t value);
void uvt_histogram_clear(struct uvt_histogram *histogram);

/* The value that so many percent of all values do not exceed (up to the error, upwards); 0 when it is empty.
 */
uint64_t uvt_histogram_percentile(const struct uvt_histogram *histogram, double percent);

/*
 * Goes through the buckets that hold something, upwards: *cursor is 0 at first. Returns how many, 0 at the
 * end; *highest is the greatest value that falls into the bucket.
 */
uint64_t uvt_histogram_next(const struct uvt_histogram *histogram, size_t *cursor, uint64_t *highest);

#endif
