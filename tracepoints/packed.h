/* SPDX-License-Identifier: MIT */
/*
 * The numbers of each record of schema.h as they lie in a trace where LTTng packs them: struct
 * uvt_packed_NAME. A record's texts and sequences follow its numbers; one that mixes them does not compile.
 */
#ifndef UVT_PACKED_H
#define UVT_PACKED_H

#include <stddef.h>

#include "schema.h"

#define UVT_PACKED_INT(c_type, field) c_type field;
#define UVT_PACKED_ENUM(enumeration, field) uint8_t field;
#define UVT_PACKED_TYPE(field) uint8_t field;
#define UVT_PACKED_PLACE(kind, field) char field;
#define UVT_PACKED_PLACE1(field) char field;
#define UVT_PACKED_ADD(kind, field) +offsetof(struct places, field)
#define UVT_PACKED_ADD1(field) +offsetof(struct places, field)
#define UVT_PACKED_ONE(...) +1

/* Numbers that come first have the places 0 to n - 1, which add up to n (n - 1) / 2. */
#define UVT_PACKED(event)                                                                                 \
  struct uvt_packed_##event {                                                                             \
    UVT_FIELDS_##event(UVT_PACKED_INT, UVT_PACKED_ENUM, UVT_PACKED_TYPE, UVT_NONE, UVT_NONE)              \
  } __attribute__((packed));                                                                              \
  static inline void uvt_packed_check_##event(void)                                                       \
  {                                                                                                       \
    struct places {                                                                                       \
      UVT_FIELDS_##event(UVT_PACKED_PLACE, UVT_PACKED_PLACE, UVT_PACKED_PLACE1, UVT_PACKED_PLACE1,        \
                         UVT_PACKED_PLACE1)                                                               \
    };                                                                                                    \
    enum {                                                                                                \
      numbers = 0 UVT_FIELDS_##event(UVT_PACKED_ONE, UVT_PACKED_ONE, UVT_PACKED_ONE, UVT_NONE, UVT_NONE), \
      sum = 0 UVT_FIELDS_##event(UVT_PACKED_ADD, UVT_PACKED_ADD, UVT_PACKED_ADD1, UVT_NONE, UVT_NONE)     \
    };                                                                                                    \
    _Static_assert(2 * sum == numbers * (numbers - 1), "texts and sequences of a record come last");      \
  }
UVT_EVENTS(UVT_PACKED)

#endif
