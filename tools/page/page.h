/* SPDX-License-Identifier: MIT */
/*
 * The page that `uvtree view` writes: one HTML file with everything in it (tools/view/ has its sources, which
 * are bundled when uvtree is built), between whose halves the operations of a stream go, as columns of
 * numbers. A sink that keeps the whole tree: about 450 bytes an operation.
 */
#ifndef UVT_PAGE_H
#define UVT_PAGE_H

#include <stdbool.h>

#include "stream/event.h"

struct uvt_page;

struct uvt_page *uvt_page_create(void); /* NULL when out of memory */
void uvt_page_destroy(struct uvt_page *page);

/* Fails only when out of memory. The page owns it. */
struct uvt_sink *uvt_page_sink(struct uvt_page *page);

/* After the sink's end: 0, or a negative errno. */
int uvt_page_write(struct uvt_page *page, int file);

/* Whether this uvtree was built where npm was. */
bool uvt_page_is_there(void);

#endif
