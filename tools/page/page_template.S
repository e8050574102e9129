/* SPDX-License-Identifier: MIT */
/* The two halves of the page of `uvtree view`, as bundled from view/; nothing where that could not be done. */
        .section .rodata
        .globl uvt_page_before, uvt_page_before_size, uvt_page_after, uvt_page_after_size
        .hidden uvt_page_before, uvt_page_before_size, uvt_page_after, uvt_page_after_size
uvt_page_before:
#ifdef UVT_PAGE_BEFORE
        .incbin UVT_PAGE_BEFORE
#endif
0:      .balign 8
uvt_page_before_size:
        .quad 0b - uvt_page_before
uvt_page_after:
#ifdef UVT_PAGE_AFTER
        .incbin UVT_PAGE_AFTER
#endif
0:      .balign 8
uvt_page_after_size:
        .quad 0b - uvt_page_after
        .section .note.GNU-stack, "", @progbits
