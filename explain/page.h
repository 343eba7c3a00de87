/* page.h: the parts of the explain page, as the build takes them from web/explain. Inside explain/
 * only. */
#ifndef HF_EXPLAIN_PAGE_H
#define HF_EXPLAIN_PAGE_H

#include <stddef.h>

extern const unsigned char ex_page_head[], ex_page_before_style[], ex_page_style[],
    ex_page_after_style[], ex_page_script[];
extern const size_t ex_page_head_len, ex_page_before_style_len, ex_page_style_len,
    ex_page_after_style_len, ex_page_script_len;

#endif
