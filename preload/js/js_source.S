/* SPDX-License-Identifier: MIT */
/* The agent's source: a function of the native side that returns what Node is to call as its main script; and that of what
 * is hidden: a function of primordials (agent/hidden.js). */
  .section .rodata

  .globl uvt_js_hidden_length
  .hidden uvt_js_hidden_length
  .type uvt_js_hidden_length, @object
  .size uvt_js_hidden_length, 8
  .balign 8
uvt_js_hidden_length:
  .quad hidden_end - uvt_js_hidden

  .globl uvt_js_hidden
  .hidden uvt_js_hidden
  .type uvt_js_hidden, @object
uvt_js_hidden:
  .incbin "hidden.js"
hidden_end:
  .size uvt_js_hidden, . - uvt_js_hidden

  .globl uvt_js_source_length
  .hidden uvt_js_source_length
  .type uvt_js_source_length, @object
  .size uvt_js_source_length, 8
  .balign 8
uvt_js_source_length:
  .quad source_end - uvt_js_source

  .globl uvt_js_source
  .hidden uvt_js_source
  .type uvt_js_source, @object
uvt_js_source:
  .ascii "(native => function uvtree(process, require, internalBinding, primordials) { "
  .incbin "agent.js"
  .ascii "\n})"
source_end:
  .size uvt_js_source, . - uvt_js_source

  .section .note.GNU-stack, "", @progbits
