/* public_suffix.c: names under which anybody can register ("com", "co.uk"), from libpsl's built-in
 * copy of the Public Suffix List: data in memory, no file is read. */
#include "x509/host.h"

#include <string.h>

#if HF_HAVE_PSL
#    include <libpsl.h>

bool hf_public_suffixes_known(void)
{
    return psl_builtin() != NULL;
}

bool hf_public_suffix(hf_bytes name)
{
    char lower[254];
    const psl_ctx_t *list = psl_builtin();
    if (list == NULL || name.n == 0 || name.n >= sizeof(lower))
        return false;
    for (size_t i = 0; i < name.n; i++)
        lower[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i]);
    lower[name.n] = '\0';
    return psl_is_public_suffix2(list, lower, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) == 1;
}
#else
bool hf_public_suffixes_known(void)
{
    return false;
}

bool hf_public_suffix(hf_bytes name)
{
    (void)name;
    return false;
}
#endif
