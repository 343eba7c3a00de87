/* lookup.c: finds a primitive by number or name in a provider's tables. The tables are short and
 * ordered by preference, so a walk is both the simplest and the fastest way. */
#include "crypto/lookup.h"

#include <string.h>

const hf_suite *hf_suite_find(uint16_t id)
{
    for (size_t i = 0; i < hf_suite_count; i++)
        if (hf_suites[i].id == id)
            return &hf_suites[i];
    return NULL;
}

const hf_hash *hf_hash_find(const hf_provider *p, uint8_t id)
{
    for (const hf_hash *const *h = p->hashes; *h != NULL; h++)
        if ((*h)->id == id)
            return *h;
    return NULL;
}

const hf_aead *hf_aead_find(const hf_provider *p, const char *name)
{
    for (const hf_aead *const *a = p->aeads; *a != NULL; a++)
        if (strcmp((*a)->name, name) == 0)
            return *a;
    return NULL;
}

const hf_group *hf_group_find(const hf_provider *p, uint16_t id)
{
    for (const hf_group *const *g = p->groups; *g != NULL; g++)
        if ((*g)->id == id)
            return *g;
    return NULL;
}

const hf_sigscheme *hf_sigscheme_find(const hf_provider *p, uint16_t id)
{
    for (const hf_sigscheme *const *s = p->sigschemes; *s != NULL; s++)
        if ((*s)->id == id)
            return *s;
    return NULL;
}

bool hf_suite_usable(const hf_provider *p, const hf_suite *s)
{
    return hf_hash_find(p, s->hash_id) != NULL && hf_aead_find(p, s->aead_name) != NULL;
}
