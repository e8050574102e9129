/* SPDX-License-Identifier: MIT */
/*
 * The functions of a binary: from a place in an ELF file to the name of the function there, demangled. Names
 * come from the file's .symtab, else from its debug file under /usr/lib/debug/.build-id, else from .dynsym.
 *
 * What a trace names may be gone or may be another build by now: such files are left out, and counted for the
 * whole program (uvt_symbols_tell). One thread at a time.
 */
#ifndef UVT_SYMBOLS_H
#define UVT_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uvt_symbols;

/* `build_id` as it was recorded, in hexadecimal; "": not known, any will do. NULL: not to be had. */
struct uvt_symbols *uvt_symbols_open(const char *path, const char *build_id);
void uvt_symbols_close(struct uvt_symbols *symbols);

/* "uv_fs_open+0x1f" for an offset in the file. False: no function is known there. */
bool uvt_symbols_find(const struct uvt_symbols *symbols, uint64_t offset, char *text, size_t size);

/* How many files could not be used; the first of them and why, "" where there is none. */
uint64_t uvt_symbols_refused(const char **first);

#endif
