/* words.c: looking things up in words.def. */
#include "explain/explain.h"

#include "explain/out.h"
#include <string.h>

static const hf_explain_word words[] = {
#define HF_WORD(name, what, why, attack, section) {name, what, why, attack, section},
#include "explain/words.def"
#undef HF_WORD
};

enum { WORDS = sizeof words / sizeof words[0] };

const hf_explain_word *hf_explain_word_find(const char *name)
{
    if (name == NULL)
        return NULL;
    for (size_t i = 0; i < WORDS; i++)
        if (strcmp(words[i].name, name) == 0)
            return &words[i];
    return NULL;
}

const hf_explain_word *hf_explain_word_at(size_t i)
{
    return i < WORDS ? &words[i] : NULL;
}

hf_status hf_explain_render_words(hf_explain_sink sink)
{
    ex_out o;
    ex_out_init(&o, sink);
    ex_json_open(&o, NULL, '{');
    for (size_t i = 0; i < WORDS; i++) {
        ex_json_open(&o, words[i].name, '{');
        ex_json_text(&o, "what", words[i].what);
        if (words[i].why[0] != '\0')
            ex_json_text(&o, "why", words[i].why);
        if (words[i].attack[0] != '\0')
            ex_json_text(&o, "attack", words[i].attack);
        ex_json_text(&o, "section", words[i].section);
        ex_json_close(&o, '}');
    }
    ex_json_close(&o, '}');
    ex_put(&o, "\n");
    return ex_out_end(&o);
}
